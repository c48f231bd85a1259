import { expect, test } from "vitest";
import { formatClock, formatSize } from "../../../shared/size.ts";

test.each([
  [0, "0 B"],
  [1_024, "1024 B"],
  [1_025, "1.001 KiB"],
  [314_572_800, "300.000 MiB"],
  [2 ** 30 + 1, "1.000 GiB"],
  [3 * 2 ** 40, "3.000 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  [0.4, "0:00"],
  [65.9, "1:05"],
  [3_599, "59:59"],
  [3_600, "1:00:00"],
  [90_061, "25:01:01"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatClock(seconds)).toBe(text);
});
