import fc from "fast-check";
import { expect, test } from "vitest";
import { type Change, Indexer } from "../../../../../shared/kube/cache/indexer.ts";
import { isOlderVersion, objectKey, splitObjectKey } from "../../../../../shared/kube/object-meta.ts";

interface Pet {
  readonly namespace: string;
  readonly name: string;
  readonly tags: readonly string[];
}

const pet = fc.record({
  namespace: fc.constantFrom("a", "b"),
  name: fc.constantFrom("x", "y", "z"),
  tags: fc.uniqueArray(fc.constantFrom("red", "green", "blue")),
});
const write = fc.record({
  pet,
  uid: fc.constantFrom("1", "2"),
  version: fc.constantFrom("5", "6"),
  isRemoval: fc.boolean(),
});

test("whatever is written, every way of finding objects agrees with a plain map of them", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
      const store = new Indexer<Pet, "tag">({ tag: (object) => object.tags });
      const model = new Map<string, Pet>();
      const told = new Map<string, Pet>();
      for (const { pet: object, uid, version, isRemoval } of writes) {
        const { namespace, name } = object;
        const key = objectKey(namespace, name);
        const changes = isRemoval
          ? store.remove(key)
          : store.put({ namespace, name, uid, resourceVersion: version }, object);
        if (isRemoval) model.delete(key);
        else model.set(key, object);
        for (const change of changes) apply(told, change);
      }
      expect(told).toEqual(model);
      expect(store.size).toBe(model.size);
      const all = [...model.values()];
      for (const namespace of ["a", "b"]) {
        expect(new Set(store.list(namespace))).toEqual(new Set(all.filter((object) => object.namespace === namespace)));
      }
      for (const tag of ["red", "green", "blue"]) {
        expect(new Set(store.byIndex("tag", tag))).toEqual(new Set(all.filter((object) => object.tags.includes(tag))));
      }
    }),
  );
});

function apply(told: Map<string, Pet>, change: Change<Pet>): void {
  if (change.kind === "delete") expect(told.delete(change.key)).toBe(true);
  else {
    expect(told.has(change.key)).toBe(change.kind === "update");
    told.set(change.key, change.object);
  }
}

test("a key is taken apart as it was put together", () => {
  expect(splitObjectKey(objectKey("demo", "nightly"))).toEqual({ namespace: "demo", name: "nightly" });
  expect(splitObjectKey(objectKey(undefined, "node-1"))).toEqual({ namespace: undefined, name: "node-1" });
});

test.each([
  ["9", "10", true],
  ["10", "9", false],
  ["10", "10", false],
  ["9007199254740993", "9007199254740992", false],
  ["9007199254740992", "9007199254740993", true],
  ["a", "10", false],
  ["", "10", false],
])("version %j is older than %j: %s", (version, other, isOlder) => {
  expect(isOlderVersion(version, other)).toBe(isOlder);
});
