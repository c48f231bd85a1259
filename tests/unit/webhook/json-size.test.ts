import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonFault } from "../../../webhook/json-size.ts";
import { timed } from "../../support/cpu-time.ts";

const LIMITS = { maxParts: 10, maxDepth: 3 };

test.each([
  ["[[[1]]]", undefined],
  ["[[[[1]]]]", "deeper than 3"],
  ['{"a":{"b":{"c":{}}}}', "deeper than 3"],
  ['{"a":"[[[[[[[[[[[[[["}', undefined],
  ['{"a":"\\"[[[[["}', undefined],
  ['{"a":"\\\\","b":[[[[]]]]}', "deeper than 3"],
  ['{"a":"\\\\\\"[[[[["}', undefined],
  ["[{},{},{},{},{},{},{},{},{},{}]", "more than 10"],
  ['"[[[[[[', undefined],
  ["]]]]][[[[[[[[", undefined],
])("%s", (text, fault) => {
  const found = findJsonFault(text, LIMITS);
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

test("any depth will do where none is asked for", () => {
  expect(findJsonFault("[".repeat(9), { maxParts: 10 })).toBeUndefined();
});

test("depth and parts are those of the value", () => {
  const partsOf = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? Object.values(value).reduce((sum, item) => sum + partsOf(item), 1)
      : 0;
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      const [maxParts, maxDepth] = [partsOf(value), depthOf(value)];
      expect(findJsonFault(text, { maxParts, maxDepth })).toBeUndefined();
      if (maxDepth > 0) expect(findJsonFault(text, { maxParts, maxDepth: maxDepth - 1 })).toBeDefined();
      if (maxParts > 0) expect(findJsonFault(text, { maxParts: maxParts - 1, maxDepth })).toBeDefined();
    }),
  );
});

test("S8: seven million quotes and backslashes are looked at once", () => {
  const { cpuMs } = timed(() => {
    findJsonFault(`"${"\\".repeat(3_500_000)}${'\\"'.repeat(1_700_000)}`, LIMITS);
    findJsonFault('"'.repeat(7_000_000), LIMITS);
  });
  expect(cpuMs).toBeLessThan(1_500);
});
