/** What pages make of addresses, times and sizes. */
import { describe, expect, test } from "vitest";
import { serverNow } from "../../../web/api.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDue,
  formatDuration,
  formatTime,
  formatTimeIn,
} from "../../../web/format.ts";
import { formatRoute, parseRoute } from "../../../web/route.ts";

const NOW_MS = Date.parse("2030-01-02T12:00:00Z");

describe("addresses", () => {
  test("lead back to what they were made of, whatever the names hold", () => {
    for (const name of ["shop", "a&b=c", "x?y#z", "50%", "ü/+ ", "n".repeat(253)]) {
      expect(parseRoute(formatRoute("points", { name, page: 2 }))).toEqual({
        page: "points",
        params: { name, page: "2" },
      });
    }
  });

  test("without a page lead to the overview, and leave out what is empty", () => {
    for (const hash of ["", "#", "#/"]) expect(parseRoute(hash)).toEqual({ page: "overview", params: {} });
    expect(formatRoute("points", { name: undefined, page: "" })).toBe("#/points");
  });
});

test.each([
  [0, "0 s"],
  [119_999, "119 s"],
  [120_000, "2 min"],
  [7_200_000, "2 h"],
  [11_400_000, "3 h 10 min"],
  [172_800_000, "2 days"],
  [-5_000, "0 s"],
])("%i ms are %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test("a time that is missing or none is not known, never now", () => {
  for (const time of [undefined, "", "soon"]) {
    expect(formatDue(time, NOW_MS)).toBe("not known");
    expect(formatAge(time, NOW_MS)).toBe("not known");
    expect(formatTime(time)).toBe("not known");
  }
  expect(formatDue("2030-01-02T13:30:00Z", NOW_MS)).toBe("in 90 min");
  expect(formatDue("2030-01-02T11:00:00Z", NOW_MS)).toBe("60 min ago");
  expect(formatTimeIn("2030-01-02T11:00:00Z", "No/Where")).toBe("2030-01-02T11:00:00Z");
});

test.each([
  ["2030-01-02T11:00:00Z", "60 min ago"],
  ["2030-01-02T12:00:00Z", "0 s ago"],
  ["2030-01-02T12:00:59Z", "0 s ago"],
  ["2030-01-02T13:00:00Z", "by a clock that is 60 min ahead"],
])("what was at %s is no time to come at noon: %s", (time, text) => expect(formatAge(time, NOW_MS)).toBe(text));

test("the cluster's clock is what it told and what passed since, whatever this machine's clock is set to", () => {
  const told = { now: "2030-01-02T12:00:00Z", seenAtMs: 5_000 };
  expect(serverNow(told, 8_000)).toBe(NOW_MS + 3_000);
  expect(serverNow(told, 5_000 - 3_600_000)).toBe(NOW_MS);
});

test("sizes and counts", () => {
  expect([undefined, 0, 1_023, 1_024, 1_572_864].map(formatBytes)).toEqual([
    "not known",
    "0 B",
    "1,023 B",
    "1 KiB",
    "1.5 MiB",
  ]);
  expect([formatCount(1, "file"), formatCount(2_000, "file")]).toEqual(["1 file", "2,000 files"]);
});
