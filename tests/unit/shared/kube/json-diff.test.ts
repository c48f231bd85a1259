import fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import { describe, expect, test } from "vitest";
import { buildGuardedPatch, buildMergePatch, isSameJson } from "../../../../shared/kube/json-diff.ts";
import { isJsonObject } from "../../../../shared/kube/json-value.ts";
import { isRepeatablePatch, type JsonPatchOperation } from "../../../../shared/kube/patch.ts";

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

function applyJsonPatch(status: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const document = structuredClone({ status });
  return fastJsonPatch.applyPatch(document, structuredClone([...operations]), true).newDocument.status;
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

describe("a guarded patch", () => {
  test("turns before into after", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(applyJsonPatch(before, buildGuardedPatch(before, after, "/status"))).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });

  test("does not fit where a value that it changes is another one by now", () => {
    fc.assert(
      fc.property(json, json, json, (before, after, meanwhile) => {
        const operations = buildGuardedPatch(before, after, "/status");
        const tests = operations.flatMap((operation) => (operation.op === "test" ? [operation] : []));
        const stands = tests.every(({ path, value }) => {
          const found: unknown = readPointer({ status: meanwhile }, path);
          return isSameJson(found, value);
        });
        fc.pre(!stands);
        expect(() => applyJsonPatch(meanwhile, operations)).toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test("leaves the entries of others in a list alone", () => {
    const before = {
      hosts: [
        { name: "a", phase: "Pending" },
        { name: "b", phase: "Pending" },
      ],
    };
    const after = {
      hosts: [
        { name: "a", phase: "Running" },
        { name: "b", phase: "Pending" },
      ],
    };
    const operations = buildGuardedPatch(before, after, "/status");
    expect(operations).toEqual([
      { op: "test", path: "/status/hosts/0/phase", value: "Pending" },
      { op: "replace", path: "/status/hosts/0/phase", value: "Running" },
    ]);
    const meanwhile = {
      hosts: [
        { name: "a", phase: "Pending" },
        { name: "b", phase: "Succeeded" },
      ],
    };
    expect(applyJsonPatch(meanwhile, operations)).toEqual({
      hosts: [
        { name: "a", phase: "Running" },
        { name: "b", phase: "Succeeded" },
      ],
    });
  });

  test("tests a list that grows as a whole", () => {
    expect(buildGuardedPatch({ a: [1] }, { a: [1, 2] }, "/status")).toEqual([
      { op: "test", path: "/status/a", value: [1] },
      { op: "replace", path: "/status/a", value: [1, 2] },
    ]);
  });
});

test.each<[string, readonly JsonPatchOperation[], boolean]>([
  [
    "with a test",
    [
      { op: "test", path: "/a", value: 1 },
      { op: "replace", path: "/a", value: 2 },
    ],
    true,
  ],
  ["without a test", [{ op: "replace", path: "/a", value: 2 }], false],
  [
    "with a test, but appending",
    [
      { op: "test", path: "/a", value: 1 },
      { op: "add", path: "/b/-", value: 2 },
    ],
    false,
  ],
])("a JSON patch %s: repeatable or not", (_, operations, repeatable) => {
  expect(isRepeatablePatch({ kind: "json", operations })).toBe(repeatable);
});

function readPointer(document: unknown, path: string): unknown {
  let at = document;
  for (const segment of path.split("/").slice(1)) {
    const key = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isJsonObject(at) ? at[key] : undefined;
  }
  return at;
}
