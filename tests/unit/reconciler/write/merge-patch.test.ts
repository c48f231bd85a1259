import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildMergePatch } from "../../../../reconciler/write/merge-patch.ts";
import { isJsonObject } from "../../../../shared/json/value.ts";
import { atVersion, isRepeatablePatch, type JsonPatchOperation } from "../../../../shared/kube/client/patch.ts";

/** JSON of the kind that status is made of: no nulls, which a merge patch cannot write. */
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom("a", "b"),
    fc.boolean(),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("value"), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom("a", "b", "c/d", "e~f"), tie("value"), { maxKeys: 4 }),
}));

/** RFC 7386, written from its own words. */
function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

describe("a merge patch", () => {
  test("turns before into after", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = buildMergePatch(before, after);
        expect(patch === undefined ? before : applyMergePatch(before, patch)).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });

  test("is none when nothing changes, whatever the order of keys", () => {
    expect(buildMergePatch({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBeUndefined();
    expect(buildMergePatch({ a: 1 }, { a: 1, b: undefined })).toBeUndefined();
  });

  test("names only what changes", () => {
    expect(buildMergePatch({ a: 1, b: { c: 1, d: 2 }, e: 5 }, { a: 1, b: { c: 9, d: 2 } })).toEqual({
      b: { c: 9 },
      e: null,
    });
  });
});

test.each<[string, readonly JsonPatchOperation[], boolean]>([
  ["of a version", [atVersion("5"), { op: "replace", path: "/a", value: 2 }], true],
  ["of whatever there is", [{ op: "replace", path: "/a", value: 2 }], false],
  ["of a version, but appending", [atVersion("5"), { op: "add", path: "/b/-", value: 2 }], false],
])("a JSON patch %s: repeatable or not", (_, operations, repeatable) => {
  expect(isRepeatablePatch({ kind: "json", operations })).toBe(repeatable);
});
