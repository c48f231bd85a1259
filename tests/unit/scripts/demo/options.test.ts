import { expect, test } from "vitest";
import { parseOptions, USAGE } from "../../../../scripts/demo/options.ts";

test("without flags the demo keeps nothing, prints no JSON and uses a folder", () => {
  expect(parseOptions([])).toEqual({
    backend: "local",
    isKept: false,
    hasPages: false,
    isPlain: false,
    isJson: false,
    wantsHelp: false,
  });
});

test("every flag of the help is understood", () => {
  const flags = [...USAGE.matchAll(/^ {2}(--\w+)/gm)].map(([, flag = ""]) => flag);
  expect(flags).toEqual(["--backend", "--keep", "--ui", "--plain", "--json", "--help"]);
  expect(parseOptions(["--backend", "s3", "--keep", "--ui", "--plain", "--json", "--help"])).toEqual({
    backend: "s3",
    isKept: true,
    hasPages: true,
    isPlain: true,
    isJson: true,
    wantsHelp: true,
  });
});

test("a flag or a backend that is unknown is named", () => {
  expect(() => parseOptions(["--kepe"])).toThrow("--kepe");
  expect(() => parseOptions(["--backend", "gcs"])).toThrow('--backend is local or s3, not "gcs"');
  expect(() => parseOptions(["--backend"])).toThrow("--backend");
});
