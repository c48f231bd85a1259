import fc from "fast-check";
import { expect, test } from "vitest";
import { isSameJson } from "../../../../shared/json/same.ts";

test.each<[string, unknown, unknown, boolean]>([
  ["keys in another order", { a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, true],
  ["a field without a value, and none", { a: 1, b: undefined }, { a: 1 }, true],
  ["none, and a field without a value", { a: 1 }, { a: 1, b: undefined }, true],
  ["null, and no field", { a: null }, {}, false],
  ["an empty list, and an empty object", [], {}, false],
  ["lists in another order", [1, 2], [2, 1], false],
  ["a field that every object inherits", JSON.parse('{"__proto__": {}}'), { a: {} }, false],
  ["an inherited field, and none", JSON.parse('{"__proto__": {}}'), {}, false],
  ["no field, and one by the name of an inherited one", { constructor: undefined }, {}, true],
])("%s: the same %#", (_, a, b, isSame) => {
  expect(isSameJson(a, b)).toBe(isSame);
  expect(isSameJson(b, a)).toBe(isSame);
});

test("what is nested too deeply is different, and exhausts nothing", () => {
  const deep = () => JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  expect(isSameJson(deep(), deep())).toBe(false);
});

test("two values are the same when their texts are read as the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(isSameJson(a, JSON.parse(JSON.stringify(a)))).toBe(true);
      expect(isSameJson(a, b)).toBe(isSameJson(b, a));
    }),
  );
});
