import { expect, test } from "vitest";
import { busyTargets } from "../../../../reconciler/restore/gather.ts";
import { aRestore, KnownRestores } from "../run/known-restores.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };
const deletionTimestamp = "2024-04-30T09:00:00Z";

/** Who is in the way of a restore that was made after this one. */
function inTheWay(metadata: object): readonly string[] {
  const older = aRestore("older", { creationTimestamp: "2024-04-30T08:00:00Z", ...metadata }, { phase: "Running" });
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
