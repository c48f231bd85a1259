import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBegunMark } from "../../../../agent/restore/begun-mark.ts";

const BEGUN = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Start" } as const;
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "stash-batch-begun-"));
});

afterEach(() => rmSync(scratch, { recursive: true }));

test("what was begun is known to the container's next start, until the data is whole", () => {
  expect(openBegunMark(scratch).read()).toBeUndefined();
  openBegunMark(scratch).write(BEGUN);
  expect(openBegunMark(scratch).read()).toEqual(BEGUN);
  openBegunMark(scratch).clear();
  expect(openBegunMark(scratch).read()).toBeUndefined();
});

test("a note that can't be read holds the application", () => {
  writeFileSync(join(scratch, "restore-begun.json"), "");
  expect(openBegunMark(scratch).read()).toMatchObject({ onFailure: "Hold" });
});
