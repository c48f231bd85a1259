import { expect, test } from "vitest";
import { nextReadDataSubset } from "../../../../reconciler/maintenance/due.ts";

test("every part of the data is read once, in turns", () => {
  const parts: string[] = [];
  let last: string | undefined;
  for (let week = 0; week < 9; week += 1) {
    last = nextReadDataSubset(last);
    parts.push(last);
  }
  expect(parts).toEqual(["1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8", "8/8", "1/8"]);
  expect(nextReadDataSubset("10%")).toBe("1/8");
});
