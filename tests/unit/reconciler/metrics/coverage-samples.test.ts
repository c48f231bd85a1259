import { expect, test } from "vitest";
import { type CoverageFacts, coverageSamples } from "../../../../reconciler/metrics/coverage-samples.ts";
import { readWorkloadObject, type WorkloadObject } from "../../../../reconciler/world/workload-object.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";

function aWorkload(
  name: string,
  metadata: object = {},
  volume: object = { persistentVolumeClaim: { claimName: "c" } },
): WorkloadObject {
  const found = readWorkloadObject("Deployment", {
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

function countsOf(workloads: readonly WorkloadObject[], more: Partial<CoverageFacts> = {}) {
  const samples = [...coverageSamples({ workloads, invokers: [BATCH], namespaceOf: () => undefined, ...more })];
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
  ["one that opts out by a label", aWorkload("x", { labels: { "stash.appscode.com/inject": "disabled" } })],
])("%s is not", (_what, workload) => {
  expect(countsOf([workload])).toEqual([["demo", 0]]);
});

const OUT = { "stash.appscode.com/inject": "disabled" };

test("a label that names no batch saves nothing; a namespace may opt out, by annotation or label", () => {
  const lost = aWorkload("x", { labels: { "stash.appscode.com/backup-batch": "gone" } });
  const demo = { name: "demo", labels: {}, annotations: {} };
  expect(countsOf([lost])).toEqual([["demo", 1]]);
  expect(countsOf([lost], { namespaceOf: () => demo })).toEqual([["demo", 1]]);
  expect(countsOf([lost], { namespaceOf: () => ({ ...demo, annotations: OUT }) })).toEqual([["demo", 0]]);
  expect(countsOf([lost], { namespaceOf: () => ({ ...demo, labels: OUT }) })).toEqual([["demo", 0]]);
});

test("no pod template is read when the gauge is asked for", () => {
  const known = aWorkload("a");
  const facts = {
    ...known.facts,
    get podTemplate(): never {
      throw new Error("the template was unpacked");
    },
  };
  expect(countsOf([{ ...known, facts }])).toEqual([["demo", 1]]);
});

test("workloads without a claim hold nothing that outlives their pods", () => {
  expect(countsOf([aWorkload("x", {}, { emptyDir: {} })])).toEqual([]);
});
