import { expect, test } from "vitest";
import { normalPath, normalPaths } from "../../../shared/paths.ts";

test.each([
  ["/data", "/data"],
  ["/data/", "/data"],
  ["/data//x/./y/", "/data/x/y"],
  ["/data/x/../y", "/data/y"],
  ["/../data", "/data"],
  ["//data", "/data"],
  ["/", "/"],
  ["//", "/"],
  // No absolute path: what it means is for who refuses it.
  ["data/", "data/"],
  ["", ""],
])("C02: %s is %s", (path, normal) => {
  expect(normalPath(path)).toBe(normal);
  expect(normalPath(normal)).toBe(normal);
});

test("C02: the same path written in several ways is one", () => {
  expect(normalPaths(["/data/", "/b", "/data", "/./data"])).toEqual(["/data", "/b"]);
});
