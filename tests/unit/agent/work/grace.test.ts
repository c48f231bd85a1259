import { expect, test } from "vitest";
import { STOP_GRACE_MS } from "../../../../agent/restic/run.ts";
import { graceMs } from "../../../../agent/work/grace.ts";

test.each([
  [undefined, 0],
  [0, 0],
  [5, 0],
  [10, 0],
  [30, 20_000],
  [3_600, 3_590_000],
])("of a grace of %s seconds a backup may use %i ms, and the rest is for its end", (graceSeconds, ms) => {
  expect(graceMs(graceSeconds)).toBe(ms);
});

test("the rest holds what restic is given to end", () => {
  expect(60_000 - graceMs(60)).toBeGreaterThan(STOP_GRACE_MS);
});
