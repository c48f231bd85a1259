import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { isAsShown, readPage } from "../../support/docs/page-steps.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("output is as a page shows it", () => {
  test.each([
    ["a b", "a b\n", true],
    ["a   b", "a b\n", true],
    ["a b", "a c\n", false],
    ["a\nb", "a\nx\nb\n", false],
    ["a\n...\nb", "a\nx\ny\nb\n", true],
    ["a\n...\nb", "a\nb\n", true],
    ["a\n...\nb", "a\nx\n", false],
    ["took ... s", "took 4.2 s\n", true],
    ["took ... s", "took 4.2\n", false],
    ["a.b", "axb\n", false],
    ["a", "a\nmore\n", false],
  ])("%j of %j: %s", (shown, output, isSo) => {
    expect(isAsShown(shown, output)).toBe(isSo);
  });
});

describe("docs/quickstart.md", () => {
  const { steps, files } = readPage(readFileSync(join(root, "docs/quickstart.md"), "utf8"));

  test("shows the files that it applies as they are", () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const { path, text } of files) {
      expect(readObjects(join(root, path)), path).toContainEqual(parse(text));
    }
  });

  test("says of most commands what they print", () => {
    expect(steps.filter(({ output }) => output !== undefined).length).toBeGreaterThanOrEqual(5);
  });
});
