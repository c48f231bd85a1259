import { expect, test } from "vitest";
import { UsageError } from "../../../../cli/program/usage-error.ts";
import { parseMoment } from "../../../../cli/restore/parse-moment.ts";
import { NOW_MS } from "../../../support/cli/objects.ts";

function refusal(text: string): string {
  try {
    parseMoment(text, NOW_MS);
  } catch (thrown) {
    if (thrown instanceof UsageError) return `${thrown.message} | ${thrown.next ?? ""}`;
    throw thrown;
  }
  throw new Error(`${text} was read`);
}

test.each([
  ["2 hours ago", 2 * 60],
  ["2h ago", 2 * 60],
  ["1h30m ago", 90],
  ["1 day 2 hours ago", 26 * 60],
  ["90 min ago", 90],
  ["1.5 hours ago", 90],
  ["now", 0],
  ["2030-01-02T11:00:00Z", 60],
  ["2030-01-02 11:00Z", 60],
  ["2030-01-02T12:00:00+01:00", 60],
  ["2030-01-02 12:00 +0100", 60],
])("%s is %d minutes before now", (text, minutes) => {
  expect((NOW_MS - parseMoment(text, NOW_MS)) / 60_000).toBe(minutes);
});

test("a time without a zone is refused, with both that it may be", () => {
  expect(refusal("2030-01-02 11:00")).toMatch(
    /names no time zone \| write 2030-01-02T11:00:00Z \(UTC\) or 2030-01-02T11:00:00[+-]\d\d:\d\d/,
  );
});

test("what may be read in several ways, or in none, is refused with examples", () => {
  expect(refusal("01/02/2030")).toContain("may be read in several ways");
  expect(refusal("1.2.2030")).toContain("may be read in several ways");
  expect(refusal("2030-01-02")).toContain("is a whole day");
  for (const text of ["yesterday", "", "ago", "2 hours", "12:00", "2030-02-30T00:00:00Z", "hours ago", "2 ago"]) {
    expect(refusal(text), text).toContain("|");
  }
});

test("months are no unit: they differ in length, and m is minutes", () => {
  expect(refusal("6mo ago")).toContain('"mo" is no unit');
  expect(refusal("2 months ago")).toContain('"months" is no unit');
  expect(refusal("1y ago")).toContain('"y" is no unit');
});

test("a time that is yet to come is refused", () => {
  expect(refusal("2031-01-01T00:00:00Z")).toContain("is yet to come");
});
