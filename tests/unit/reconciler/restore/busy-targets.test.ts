import { describe, expect, test } from "vitest";
import { busyTargets } from "../../../../reconciler/restore/gather.ts";
import { aRestore, KnownRestores } from "../run/known-restores.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };
const deletionTimestamp = "2024-04-30T09:00:00Z";

const startTime = "2024-04-30T08:00:01Z";
const RUNNING = { phase: "Running", startTime, members: [{ ref: WEB, totalHosts: 1 }] };
const DB = { ...WEB, name: "db" };
const NOT_FOUND = { type: "RestoreTargetFound", status: "False", lastTransitionTime: startTime };
const WAITING = { phase: "Pending", startTime, reason: "TargetNotAvailable", members: [{ ref: WEB }] };

/** Who is in the way of a restore that was made after this one. */
function inTheWay(metadata: object, status: object | undefined = RUNNING): readonly string[] {
  const older = aRestore("older", { creationTimestamp: "2024-04-30T08:00:00Z", ...metadata }, status);
  const younger = aRestore("younger", { creationTimestamp: "2024-04-30T08:30:00Z" });
  return [...busyTargets(new KnownRestores(older, younger).world, younger, [WEB]).values()];
}

test.each([
  ["runs", {}, ["RestoreBatch demo/older"]],
  [
    "is deleted, and owes after-hooks",
    { deletionTimestamp, finalizers: ["stash.appscode.com/after-hooks"] },
    ["RestoreBatch demo/older"],
  ],
  ["is deleted", { deletionTimestamp, finalizers: ["somebody.else/keeps"] }, []],
])("D18: a restore waits for an older one of its target that %s", (_what, metadata, busy) => {
  expect(inTheWay(metadata)).toEqual(busy);
});

test.each<[string, object | undefined, number]>([
  ["runs", RUNNING, 1],
  ["nobody has looked at yet", undefined, 1],
  ["looks for its recovery point", { phase: "Pending", reason: "RecoveryPointWanted" }, 1],
  ["is Invalid", { phase: "Invalid", reason: "RecoveryPointMissing" }, 0],
  ["waits for another member's turn", WAITING, 0],
  ["waits for the same target", { ...WAITING, members: [{ ref: WEB, conditions: [NOT_FOUND] }] }, 1],
  ["waits for another target", { ...WAITING, members: [{ ref: WEB }, { ref: DB, conditions: [NOT_FOUND] }] }, 0],
  ["has ended", { ...RUNNING, phase: "Failed" }, 0],
])("D19: an older restore that %s is in the way of a younger one, or only waits", (_what, status, ways) => {
  expect(inTheWay({}, status)).toHaveLength(ways);
});

test("an older restore that waited lets a younger one end that passed it, unless it has hosts itself", () => {
  const younger = aRestore("younger", { creationTimestamp: "2024-04-30T08:30:00Z" }, RUNNING);
  const inItsWay = (status: object) => {
    const older = aRestore("older", { creationTimestamp: "2024-04-30T08:00:00Z" }, status);
    return [...busyTargets(new KnownRestores(older, younger).world, older, [WEB]).values()];
  };
  expect(inItsWay(WAITING)).toEqual(["RestoreBatch demo/younger"]);
  expect(inItsWay(RUNNING)).toEqual([]);
});

describe("D18: two batches of the targets web and db", () => {
  const at = (ref: object, fields: object = {}) => ({ ref, ...fields });
  const RESTORING = { totalHosts: 1, phase: "Running" };
  const OVER = { totalHosts: 1, phase: "Succeeded" };
  const both = (older: readonly object[], younger: readonly object[]) => {
    const of = (name: string, creationTimestamp: string, members: readonly object[]) =>
      aRestore(name, { creationTimestamp }, { phase: "Running", startTime, members });
    const [a, b] = [of("older", "2024-04-30T08:00:00Z", older), of("younger", "2024-04-30T08:30:00Z", younger)];
    const { world } = new KnownRestores(a, b);
    return [a, b].map((one) => [...busyTargets(world, one, [WEB, DB]).keys()].map((key) => key.split("/").at(-1)));
  };

  test("the older one does not restore db while the younger does, though it has hosts of web", () => {
    expect(both([at(WEB, RESTORING), at(DB)], [at(DB, RESTORING)])[0]).toEqual(["db"]);
  });

  test("neither waits for what the other is through with", () => {
    const [older] = both([at(WEB, { conditions: [NOT_FOUND] }), at(DB)], [at(DB, OVER), at(WEB)]);
    expect(older).toEqual([]);
  });
});
