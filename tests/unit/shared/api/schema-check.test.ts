import fc from "fast-check";
import { Check } from "typebox/value";
import { describe, expect, test } from "vitest";
import { STORED_KINDS } from "../../../../scripts/crds/definitions.ts";
import {
  count,
  duration,
  flag,
  int32,
  intOrString,
  list,
  literal,
  object,
  oneOf,
  openObject,
  optional,
  quantity,
  type SchemaNode,
  stringMap,
  text,
  time,
} from "../../../../shared/api/schema.ts";
import { checkValue, formatProblem } from "../../../../shared/api/schema-check.ts";
import { valuesLike } from "../../../support/api/values-like.ts";

function problemsOf(schema: SchemaNode, value: unknown): readonly string[] {
  return checkValue(schema, value).problems.map(formatProblem);
}

describe("a problem tells the field, what is expected and what was found", () => {
  test.each<[string, SchemaNode, unknown, string]>([
    ["a missing field", object({ a: text }), {}, "a: expected text, found nothing"],
    ["null in a required field", object({ a: text }), { a: null }, "a: expected text, found null"],
    [
      "a wrong type",
      object({ a: object({ b: flag }) }),
      { a: { b: 1 } },
      "a.b: expected true or false, found a whole number",
    ],
    [
      "a list item",
      object({ a: list(object({ b: text })) }),
      { a: [{ b: "" }, { b: [] }] },
      "a[1].b: expected text, found a list",
    ],
    ["no list", list(text), "x", "expected a list, found text"],
    ["no object", object({ a: object({}) }), { a: [] }, "a: expected an object, found a list"],
    ["a fraction", object({ a: int32 }), { a: 1.5 }, "a: expected a whole number, found a number with a fraction"],
    ["a bound", object({ a: count }), { a: -1 }, "a: expected at least 0, found -1"],
    [
      "a closed list",
      object({ a: oneOf({ Up: "Up", Down: "Down" }) }),
      { a: "Left" },
      'a: expected one of "Up", "Down", found "Left"',
    ],
    [
      "a closed list and a wrong type",
      object({ a: oneOf({ Up: "Up" }) }),
      { a: true },
      'a: expected "Up", found true or false',
    ],
    ["a fixed text", object({ a: literal("v1") }), { a: "v2" }, 'a: expected "v1", found "v2"'],
    ["a map's key", object({ a: stringMap }), { a: { "b.c/d": 1 } }, 'a["b.c/d"]: expected text, found a whole number'],
    ["a duration", duration, "5 minutes", 'expected a duration such as 1h30m, found "5 minutes"'],
    ["a negative duration", duration, "-5m", 'expected a duration such as 1h30m, found "-5m"'],
    ["a quantity", quantity, "2 GB", 'expected a quantity such as 500m or 2Gi, found "2 GB"'],
    ["a time", time, "yesterday", 'expected a time such as 2024-05-01T22:00:00Z, found "yesterday"'],
    [
      "a day that does not exist",
      time,
      "2024-13-01T00:00:00Z",
      'expected a time such as 2024-05-01T22:00:00Z, found "2024-13-01T00:00:00Z"',
    ],
    ["a port", intOrString, 80.5, "expected a whole number or text, found a number with a fraction"],
  ])("%s", (_name, schema, value, message) => {
    expect(problemsOf(schema, value)).toEqual([message]);
  });

  test("all problems are found, in the schema's order", () => {
    const schema = object({ a: text, b: object({ c: flag }), d: int32 });
    expect(problemsOf(schema, { d: "1", b: {}, a: 0 })).toEqual([
      "a: expected text, found a whole number",
      "b.c: expected true or false, found nothing",
      "d: expected a whole number, found text",
    ]);
  });

  test("a value of a wrong type is never shown, since it may be a password", () => {
    const schema = object({ env: list(object({ name: text, value: text })) });
    expect(problemsOf(schema, { env: [{ name: "PASSWORD", value: 271828 }] }).join()).not.toContain("271828");
  });

  test("a long text is shown by its start", () => {
    const [problem = ""] = problemsOf(oneOf({ Up: "Up" }), "x".repeat(5_000));
    expect(problem.length).toBeLessThan(120);
  });
});

describe("what conforms", () => {
  test.each<[string, SchemaNode, readonly unknown[]]>([
    ["durations", duration, ["0", "0s", "30m", "1h30m", "1.5h", ".5s", "250ms", "10us", "10µs"]],
    ["quantities", quantity, [1, 0, "1", "500m", "2Gi", "1.5Gi", "1e3", "1E3", "12E", ".5", "-1k", "100n"]],
    ["times", time, ["2024-05-01T22:00:00Z", "2024-05-01T22:00:00.123456789Z", "2024-05-01T22:00:00+02:00"]],
    ["ports", intOrString, [80, "http"]],
  ])("%s", (_name, schema, values) => {
    for (const value of values) expect([value, problemsOf(schema, value)]).toEqual([value, []]);
  });

  test("the value itself comes back, with the fields that the schema does not name", () => {
    const value = { a: "x", unknown: { deep: [1, null] }, b: { c: null, more: true } };
    const checked = checkValue(object({ a: text, b: openObject({}) }), value);
    expect(checked.problems).toEqual([]);
    expect(checked.value).toBe(value);
  });

  test("a null in an optional field or a map counts as absent, and the argument is left alone", () => {
    const schema = object({
      a: optional(text),
      b: optional(list(object({ c: optional(flag), d: text }))),
      e: stringMap,
    });
    const value = Object.freeze({
      a: null,
      b: Object.freeze([Object.freeze({ c: null, d: "x" }), { d: "y" }]),
      e: Object.freeze({ f: null, g: "z" }),
    });
    const checked = checkValue(schema, value);
    expect(checked.problems).toEqual([]);
    expect(checked.value).toEqual({ b: [{ d: "x" }, { d: "y" }], e: { g: "z" } });
    expect(checked.value).not.toHaveProperty("a");
    expect(checked.value).not.toHaveProperty("e.f");
    expect(value.a).toBeNull();
    expect(value.e.f).toBeNull();
  });

  test("a null in a list is a fault, as in the API server", () => {
    expect(problemsOf(list(text), ["a", null])).toEqual(["[1]: expected text, found null"]);
  });

  test("fields that every object inherits are not taken for fields of the value", () => {
    const schema = object({ constructor: optional(text), toString: text });
    expect(problemsOf(schema, {})).toEqual(["toString: expected text, found nothing"]);
  });
});

describe("the walk agrees with TypeBox's own checker", () => {
  test.each(STORED_KINDS.map(({ entry, schema }) => [entry.kind, schema] as const))(
    "on random values like a %s",
    (_kind, schema) => {
      let conforming = 0;
      let others = 0;
      fc.assert(
        fc.property(valuesLike(schema), (value) => {
          const isConforming = checkValue(schema, value).problems.length === 0;
          if (isConforming) conforming += 1;
          else others += 1;
          expect(isConforming).toBe(Check(schema, value));
        }),
        { numRuns: 250 },
      );
      expect(Math.min(conforming, others)).toBeGreaterThan(10);
    },
  );
});
