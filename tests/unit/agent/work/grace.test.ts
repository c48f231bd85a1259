import { expect, test } from "vitest";
import { graceMs } from "../../../../agent/work/grace.ts";

test.each([
  [undefined, 0],
  [0, 0],
  [5, 0],
  [30, 25_000],
  [3_600, 3_595_000],
])("of a grace of %s seconds a backup may use %i ms, and the rest is for its end", (graceSeconds, ms) => {
  expect(graceMs(graceSeconds)).toBe(ms);
});
