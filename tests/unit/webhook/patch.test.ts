import fc from "fast-check";
import jsonPatch, { type Operation } from "fast-json-patch";
import { describe, expect, test } from "vitest";
import { isSameJson } from "../../../shared/json/same.ts";
import { buildPatch, escapePointer } from "../../../webhook/patch.ts";

function applied(before: unknown, after: unknown): unknown {
  const patch: Operation[] = structuredClone([...buildPatch({ root: before }, { root: after })]);
  return Reflect.get(jsonPatch.applyPatch(structuredClone({ root: before }), patch, true).newDocument, "root");
}

describe("a patch", () => {
  test("of equal values is empty, whatever the order of fields", () => {
    expect(buildPatch({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toEqual([]);
  });

  test("names one added item of a list, wherever it is", () => {
    const list = [{ name: "a" }, { name: "b" }];
    expect(buildPatch(list, [{ name: "x" }, ...list])).toEqual([{ op: "add", path: "/0", value: { name: "x" } }]);
    expect(buildPatch(list, [...list, { name: "x" }])).toEqual([{ op: "add", path: "/2", value: { name: "x" } }]);
    expect(buildPatch([...list, { name: "x" }], list)).toEqual([{ op: "remove", path: "/2" }]);
  });

  test("goes into an item of a list that changed, by its name", () => {
    expect(
      buildPatch([{ name: "a" }, { name: "b", v: 1 }], [{ name: "n" }, { name: "a" }, { name: "b", v: 2 }]),
    ).toEqual([
      { op: "add", path: "/0", value: { name: "n" } },
      { op: "replace", path: "/2/v", value: 2 },
    ]);
  });

  test("replaces an item as a whole when that is shorter", () => {
    const before = { name: "a", one: 1, two: 2, three: 3, four: 4 };
    const after = { name: "a", five: 5 };
    expect(buildPatch([before], [after])).toEqual([{ op: "replace", path: "/0", value: after }]);
  });

  test("escapes field names", () => {
    expect(buildPatch({}, { "a/b~c": 1 })).toEqual([{ op: "add", path: "/a~1b~0c", value: 1 }]);
    expect(escapePointer("~1")).toBe("~01");
  });

  test("turns any JSON into any other", () => {
    // The library refuses this field name, which JSON may have.
    const value = fc.jsonValue({ maxDepth: 4 }).filter((json) => !JSON.stringify(json).includes("__proto__"));
    fc.assert(
      fc.property(value, value, (before, after) => {
        expect(JSON.stringify(sorted(applied(before, after)))).toBe(JSON.stringify(sorted(after)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("turns any list of named objects into any other", () => {
    const item = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), v: fc.nat(2) }, { requiredKeys: [] });
    const list = fc.array(fc.oneof(item, fc.constantFrom("x", "y")), { maxLength: 6 });
    fc.assert(
      fc.property(list, list, (before, after) => {
        expect(applied(before, after)).toEqual(after);
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Fields in order; the library writes numbers as they are, so -0 and 0 are the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}

test("nesting without end counts as different, and exhausts nothing", () => {
  const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  expect(isSameJson(nested(100_000), nested(100_000))).toBe(false);
  expect(isSameJson(nested(100), nested(100))).toBe(true);
});
