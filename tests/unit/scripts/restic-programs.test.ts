import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { RESTIC_SOURCES } from "../../support/restic/restic-programs.ts";

const root = resolve(import.meta.dirname, "../../..");

test("E2: tests run the restic that the image ships, and the oldest that the documents name", () => {
  const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
  expect(dockerfile).toContain(`'restic=${RESTIC_SOURCES.image.version}*'`);
  expect(dockerfile).toContain(`-${RESTIC_SOURCES.image.suite}-slim`);
  const page = readFileSync(join(root, "docs/compatibility.md"), "utf8");
  expect(page).toContain(`The image ships restic ${RESTIC_SOURCES.image.version} `);
  expect(page).toContain(`also with ${RESTIC_SOURCES.oldest.version}, the oldest that is supported`);
});
