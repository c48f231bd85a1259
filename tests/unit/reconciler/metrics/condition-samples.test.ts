import { expect, test } from "vitest";
import { conditionSamples } from "../../../../reconciler/metrics/condition-samples.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";

const TIME = "2024-04-30T02:00:00Z";

function condition(type: string, status: string) {
  return { type, status, reason: "Because", message: "", lastTransitionTime: TIME };
}

function aSession(day: string, phase: string, retention?: string) {
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: `nightly-${day}`, namespace: "demo", creationTimestamp: `2024-04-${day}T02:00:00Z` },
    spec: {},
    status: { phase, conditions: retention === undefined ? [] : [condition("RetentionPolicyApplied", retention)] },
  });
}

function aBatch(...statuses: readonly string[]) {
  return parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo" },
    spec: { retentionPolicy: { name: "keep", prune: true } },
    status: {
      memberConditions: statuses.map((status, index) => ({
        target: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${index}` },
        conditions: [condition("BackupTargetFound", "True"), condition("StashSidecarInjected", status)],
      })),
    },
  });
}

function valuesOf(samples: ReturnType<typeof conditionSamples>): readonly number[] {
  return [...samples].map(({ value }) => value);
}

test("members whose pods lack the sidecar are counted; those of which nothing is known yet are not", () => {
  expect(valuesOf(conditionSamples(aBatch("True", "False", "Unknown", "False"), []))).toEqual([2, 0, 0]);
});

test("a BackupConfiguration has one target", () => {
  const configuration = parseBackupConfiguration({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "web", namespace: "demo" },
    spec: { retentionPolicy: { name: "keep", prune: true } },
    status: { conditions: [condition("StashSidecarInjected", "False")] },
  });
  expect(valuesOf(conditionSamples(configuration, []))).toEqual([1, 0, 0]);
});

test("retention is judged by the newest session that ended and says something of it", () => {
  const sessions = [
    aSession("27", "Succeeded", "False"),
    aSession("30", "Running"),
    aSession("29", "Skipped"),
    aSession("28", "Succeeded", "True"),
  ];
  expect(valuesOf(conditionSamples(aBatch("True"), sessions))).toEqual([0, 0, 0]);
  expect(valuesOf(conditionSamples(aBatch("True"), [...sessions, aSession("29", "Succeeded", "False")]))).toEqual([
    0, 1, 0,
  ]);
});
