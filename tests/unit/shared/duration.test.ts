import { expect, test } from "vitest";
import { formatDuration, formatRoundedDuration, parseDuration } from "../../../shared/duration.ts";
import { UserError } from "../../../shared/errors.ts";

test.each([
  ["30m", 1_800_000],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  ["250ms", 250],
  ["0", 0],
  ["-5s", -5_000],
  ["1h0m0.5s", 3_600_500],
  ["2us", 0.002],
])("reads %s as %d ms", (text, ms) => {
  expect(parseDuration(text, "spec.timeOut")).toBeCloseTo(ms, 9);
});

test.each(["", "5", "1d", "m", "1h 30m", "1h-5m", "abc"])("refuses %j and names the field", (text) => {
  expect(() => parseDuration(text, "spec.timeOut")).toThrow(UserError);
  expect(() => parseDuration(text, "spec.timeOut")).toThrow(/^spec\.timeOut: /);
});

test("S8: what is longer than Go's durations is refused, so that every time to wait for is a date", () => {
  expect(parseDuration("2562047h", "x")).toBe(2_562_047 * 3_600_000);
  for (const text of ["2562048h", "99999999999h", `${"9".repeat(31)}h`]) {
    expect(() => parseDuration(text, "spec.timeOut")).toThrow("spec.timeOut: ");
  }
});

test.each([
  [0, "0s"],
  [250, "250ms"],
  [1_500, "1.5s"],
  [60_000, "1m0s"],
  [5_400_000, "1h30m0s"],
  [-90_000, "-1m30s"],
])("writes %d ms as Go does: %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
  expect(parseDuration(text, "x")).toBeCloseTo(ms, 6);
});

test("session durations are rounded to seconds", () => {
  expect(formatRoundedDuration(61_499)).toBe("1m1s");
  expect(formatRoundedDuration(400)).toBe("0s");
});
