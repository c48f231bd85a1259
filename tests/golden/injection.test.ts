/**
 * Golden cases: what was sent, what the cluster held, what was decided. Each patch is applied by a library of its own and
 * the result is sent again, as an update that changes nothing. UPDATE_GOLDEN=1 writes what is decided today; read the
 * difference before committing it.
 */
import jsonPatch, { type Operation } from "fast-json-patch";
import { describe, expect, test } from "vitest";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { createGather } from "../../webhook/gather.ts";
import { mutate } from "../../webhook/mutate.ts";
import type { AdmissionRequest } from "../../webhook/review.ts";
import { goldenNames as names, readGolden, readGoldenWorkload, writeGolden } from "../support/golden/cases.ts";
import { createMemoryWorld } from "../support/injection/memory-world.ts";

const UPDATES = process.env["UPDATE_GOLDEN"] === "1";

const IMAGE = "registry.test/stash-batch:1.0.0";

function requestOf(workload: unknown, old: unknown, operation: string): AdmissionRequest {
  return {
    uid: "1",
    kind: textAt(workload, "kind") ?? "",
    group: "apps",
    resource: "",
    subresource: "",
    name: textAt(workload, "metadata", "name") ?? "",
    namespace: "demo",
    operation,
    userInfo: { username: "someone" },
    object: workload,
    oldObject: old,
  };
}

function answer(world: unknown, workload: unknown, old: unknown, operation: string) {
  const settings = valueAt(world, "settings");
  const gather = createGather({
    world: createMemoryWorld(listAt(world, "objects")),
    settings: { image: IMAGE, nativeSidecar: false, followsImage: false, ...(isJsonObject(settings) ? settings : {}) },
    isSynced: () => valueAt(world, "isSynced") !== false,
  });
  return mutate(requestOf(workload, old, operation), gather);
}

/** The library's types know more operations than we make. */
function operationsOf(patch: unknown): Operation[] {
  return structuredClone(Array.isArray(patch) ? patch : []);
}

test("there are at least forty cases", () => {
  expect(names.length).toBeGreaterThanOrEqual(40);
});

describe.each(names)("%s", (name) => {
  const workload = readGoldenWorkload(name);
  const world = readGolden(name, "world.json");
  const old = valueAt(world, "old") ?? undefined;
  const operation = textAt(world, "operation") ?? (old === undefined ? "CREATE" : "UPDATE");
  const { answer: given, reasons } = answer(world, workload, old, operation);
  const { isAllowed, message, warnings = [], patch = [] } = given;
  const decided = { isAllowed, reasons, ...(message !== undefined && { message }), warnings, patch };

  test("is decided as before", () => {
    if (UPDATES) writeGolden(name, "patch.json", decided);
    expect(decided).toEqual(readGolden(name, "patch.json"));
  });

  test("gives a patch that applies, and nothing is left to do after it", () => {
    if (!isAllowed) return expect(patch).toEqual([]);
    const stored = jsonPatch.applyPatch(structuredClone(workload), operationsOf(patch), true).newDocument;
    const again = answer(world, stored, stored, "UPDATE");
    expect(again.answer.isAllowed).toBe(true);
    expect(again.answer.patch ?? []).toEqual([]);
  });
});
