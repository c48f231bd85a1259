import { expect, test } from "vitest";
import { firstPast, pastMs } from "../../../shared/timestamps.ts";

const NOW = new Date("2026-01-10T00:00:00Z");

test("a time that is still to come is none; clocks of machines differ by minutes", () => {
  expect(pastMs("2026-01-09T00:00:00Z", NOW)).toBe(Date.parse("2026-01-09T00:00:00Z"));
  expect(pastMs("2026-01-10T00:04:00Z", NOW)).toBeGreaterThan(NOW.getTime());
  for (const time of ["2026-01-10T00:06:00Z", "2027-01-10T00:00:00Z", "", "soon", undefined])
    expect(pastMs(time, NOW)).toBe(0);
});

test("of several times the first that is past counts", () => {
  expect(firstPast(["2027-01-01T00:00:00Z", undefined, "2026-01-01T00:00:00Z"], NOW)).toBe("2026-01-01T00:00:00Z");
  expect(firstPast(["2027-01-01T00:00:00Z"], NOW)).toBeUndefined();
});
