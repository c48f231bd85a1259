import { expect, test } from "vitest";
import { flag, list, number, oneOf, optional, parse, shape, text } from "../../../../agent/parse/check.ts";

const check = shape({
  name: text,
  count: optional(number),
  isOn: optional(flag),
  phase: optional(oneOf({ A: "A", B: "B" })),
  items: optional(list(shape({ id: text }))),
});

test("a value that fits comes back as it is, unknown fields included", () => {
  const value = { name: "x", items: [{ id: "1", more: true }], other: { kept: 1 } };
  expect(parse(check, value)).toBe(value);
});

test.each([
  [{ name: 1 }, "name should be text, not 1"],
  [{}, "name should be text, not nothing"],
  [{ name: "x", count: "3" }, 'count should be a number, not "3"'],
  [{ name: "x", isOn: "true" }, 'isOn should be true or false, not "true"'],
  [{ name: "x", phase: "C" }, 'phase should be one of A, B, not "C"'],
  [{ name: "x", items: {} }, "items should be a list, not {}"],
  [{ name: "x", items: [{ id: "1" }, { id: null }] }, "items[1].id should be text, not null"],
  [null, " should be an object, not null"],
  [[], " should be an object, not []"],
])("%j is refused by the field's name", (value, message) => {
  expect(() => parse(check, value)).toThrowError(expect.objectContaining({ code: "INVALID_OBJECT", message }));
});
