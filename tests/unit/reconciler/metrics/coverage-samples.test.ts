import { expect, test } from "vitest";
import { type CoverageFacts, coverageSamples } from "../../../../reconciler/metrics/coverage-samples.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { readWorkload, type WorkloadFacts } from "../../../../shared/injection/workload.ts";

function aWorkload(
  name: string,
  metadata: object = {},
  volume: object = { persistentVolumeClaim: { claimName: "c" } },
): WorkloadFacts {
  const found = readWorkload({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "demo", ...metadata },
    spec: { template: { spec: { containers: [], volumes: [{ name: "files", ...volume }] } } },
  });
  if (found === undefined) throw new Error("it is no workload");
  return found;
}

const BATCH = parseBackupBatch({
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo" },
  spec: {
    retentionPolicy: { name: "keep", prune: true },
    members: [
      { target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "named" } } },
      { target: { ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "database" } } },
    ],
  },
});

function countsOf(workloads: readonly WorkloadFacts[], more: Partial<CoverageFacts> = {}) {
  const samples = [...coverageSamples({ workloads, invokers: [BATCH], annotationsOf: () => ({}), ...more })];
  return samples.map(({ labels, value }) => [labels["namespace"], value]);
}

test("workloads with claims that nobody names are counted by namespace", () => {
  expect(countsOf([aWorkload("a"), aWorkload("b"), aWorkload("named")])).toEqual([["demo", 2]]);
});

test.each([
  ["one that a batch names", aWorkload("named")],
  ["one that a label puts into a batch", aWorkload("x", { labels: { "stash.appscode.com/backup-batch": "nightly" } })],
  ["a database that is saved by its AppBinding", aWorkload("database")],
  ["one that opts out", aWorkload("x", { annotations: { "stash.appscode.com/inject": "disabled" } })],
])("%s is not", (_what, workload) => {
  expect(countsOf([workload])).toEqual([["demo", 0]]);
});

test("a label that names no batch saves nothing; a namespace may opt out", () => {
  const lost = aWorkload("x", { labels: { "stash.appscode.com/backup-batch": "gone" } });
  expect(countsOf([lost])).toEqual([["demo", 1]]);
  expect(countsOf([lost], { annotationsOf: () => ({ "stash.appscode.com/inject": "disabled" }) })).toEqual([
    ["demo", 0],
  ]);
});

test("workloads without a claim hold nothing that outlives their pods", () => {
  expect(countsOf([aWorkload("x", {}, { emptyDir: {} })])).toEqual([]);
});
