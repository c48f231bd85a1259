/** The two descriptions of the image, Dockerfile and scripts/image-root, say the same. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  BUNDLES_FOLDER,
  ENTRY_POINT,
  HELD_VERSIONS,
  IMAGE_USER,
  INSTALLED_PACKAGES,
  NAMED_PROGRAM,
  SUITE,
} from "../../../scripts/image-root/contents.ts";

const dockerfile = readFileSync(join(import.meta.dirname, "../../../Dockerfile"), "utf8");

test("both are made of the same release of Debian, with the same packages", () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(bases).toEqual(["${BASE}", "${BASE}"]);
  expect(/^ARG BASE=(\S+)$/m.exec(dockerfile)?.[1]).toBe(`node:24-${SUITE}-slim`);
  const [, installed = ""] = /--no-install-recommends (.+) \\$/m.exec(dockerfile) ?? [];
  const packages = installed.split(" ").map((word) => word.replaceAll("'", ""));
  const wanted = INSTALLED_PACKAGES.map((name) => (HELD_VERSIONS[name] ? `${name}=${HELD_VERSIONS[name]}*` : name));
  expect(packages).toEqual(wanted);
});

test("both start the same program as the same user", () => {
  const [, entryPoint = ""] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
  expect(JSON.parse(entryPoint)).toEqual(ENTRY_POINT);
  expect(dockerfile).toContain(`\nUSER ${IMAGE_USER}:${IMAGE_USER}\n`);
  expect(dockerfile).toContain(`\nCOPY --from=bundles /source/dist ${BUNDLES_FOLDER}\n`);
});

test("both have the program by its name, and it is what the entry point runs", () => {
  const source = join(import.meta.dirname, "../../../scripts/image-root/stash-batch");
  expect(dockerfile).toContain(`\nCOPY --from=bundles /source/scripts/image-root/stash-batch ${NAMED_PROGRAM}\n`);
  expect(readFileSync(source, "utf8")).toContain(`\nexec ${ENTRY_POINT.join(" ")} "$@"\n`);
  expect(statSync(source).mode & 0o111).toBe(0o111);
});
