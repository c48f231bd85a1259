import { describe, expect, test } from "vitest";
import { hasRule, isKeptByTag, type KeepRules, keptBy, patience } from "../../../../agent/maintain/keep-rules.ts";

function kept(rules: KeepRules, times: readonly string[]): readonly string[] {
  const items = times.map((time) => ({ time, timeMs: Date.parse(time), tags: [] }));
  return [...keptBy(rules, items).keys()].map(({ time }) => time);
}

/** Newest first. */
const TIMES = [
  "2027-01-01T12:00:00Z",
  "2027-01-01T12:30:00Z",
  "2027-01-01T11:00:00Z",
  "2026-12-31T23:59:59Z",
  "2026-12-28T00:00:00Z",
  "2026-12-27T23:00:00Z",
  "2026-11-30T00:00:00Z",
  "2025-06-01T00:00:00Z",
  "2025-05-31T00:00:00Z",
].sort((a, b) => Date.parse(b) - Date.parse(a));

describe("a rule keeps the newest of each", () => {
  test.each<[KeepRules, readonly number[]]>([
    [{ keepLast: 2 }, [0, 1]],
    [{ keepHourly: 2 }, [0, 2]],
    [{ keepDaily: 3 }, [0, 3, 4]],
    // The week of 28 December reaches into the new year.
    [{ keepWeekly: 2 }, [0, 5]],
    [{ keepMonthly: 2 }, [0, 3]],
    [{ keepYearly: 2 }, [0, 3]],
    [{ keepLast: 1, keepYearly: 3 }, [0, 3, 7]],
    [{}, []],
  ])("%j", (rules, indexes) => {
    expect(kept(rules, TIMES)).toEqual(indexes.map((at) => TIMES[at]));
  });

  test("and the oldest of all where counts are left", () => {
    expect(kept({ keepYearly: 9 }, TIMES)).toEqual([TIMES[0], TIMES[3], TIMES[7], TIMES[8]]);
  });
});

test("a tag keeps by itself; of an entry with commas all must be there", () => {
  expect(isKeptByTag({ keepTags: ["a,b", "c"] }, { tags: ["a"] })).toBe(false);
  expect(isKeptByTag({ keepTags: ["a,b", "c"] }, { tags: ["b", "a"] })).toBe(true);
  expect(isKeptByTag({}, { tags: ["c"] })).toBe(false);
});

test("zero is no rule, nor are tags alone: they say nothing of what goes", () => {
  expect(hasRule({ keepLast: 0 })).toBe(false);
  expect(hasRule({ keepDaily: 1 })).toBe(true);
  expect(hasRule({ keepTags: ["a"] })).toBe(false);
  expect(hasRule({ keepTags: ["a"], keepLast: 1 })).toBe(true);
});

test("what is not complete waits for as many as keepLast, else as the longest rule", () => {
  expect([{ keepLast: 3, keepDaily: 9 }, { keepDaily: 9, keepWeekly: 2 }, { keepTags: ["a"] }].map(patience)).toEqual([
    3, 9, 1,
  ]);
});
