import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { registerGauges, type Sample } from "../../../../reconciler/metrics/gauge-table.ts";
import { UPSTREAM_GAUGES } from "../../../../reconciler/metrics/names.ts";
import { restoreSamples } from "../../../../reconciler/metrics/restore-samples.ts";
import { clockSeconds, sessionSamples } from "../../../../reconciler/metrics/session-samples.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";

const COMMON = { invoker_kind: "BackupBatch", invoker_name: "nightly", namespace: "demo", driver: "Restic" };

function aSession(at: string, phase: string, stats: readonly unknown[] = []): BackupSession {
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: `nightly-${at}`, namespace: "demo", creationTimestamp: `2024-04-${at}T02:00:00Z` },
    spec: {},
    status: {
      phase,
      completionTime: `2024-04-${at}T02:01:00Z`,
      sessionDuration: "1m0s",
      targets:
        phase === "Skipped"
          ? []
          : [{ ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, phase, totalHosts: 1, stats }],
    },
  });
}

function newNames(samples: Iterable<Sample>): Readonly<Record<string, number>> {
  const entries = [...samples]
    .filter(({ name }) => name.startsWith("stash_appscode_com_"))
    .map(({ name, value }) => [name.slice("stash_appscode_com_".length), value] as const);
  return Object.fromEntries(entries);
}

const GOOD_HOST = {
  hostname: "web",
  phase: "Succeeded",
  duration: "1.5s",
  snapshots: [
    { sizeBytes: 10, uploadedBytes: 4, processingTime: "0:02", fileStats: { totalFiles: 3, newFiles: 1 } },
    { sizeBytes: 20, uploadedBytes: 5, processingTime: "1:00:01" },
  ],
};

describe("values of backup sessions", () => {
  test("of a success tell sizes, durations and counts, from exact numbers", () => {
    expect(newNames(sessionSamples(COMMON, [aSession("30", "Succeeded", [GOOD_HOST])]))).toEqual({
      backupsession_success: 1,
      backupsession_last_success_time_seconds: Date.UTC(2024, 3, 30, 2, 1) / 1_000,
      backupsession_duration_seconds: 60,
      backupsession_target_count_total: 1,
      backupsession_target_success: 1,
      backupsession_target_host_count_total: 1,
      backupsession_target_last_success_time_seconds: Date.UTC(2024, 3, 30, 2, 1) / 1_000,
      backupsession_host_backup_success: 1,
      backupsession_host_backup_duration_seconds: 1.5,
      backupsession_host_data_size_bytes: 30,
      backupsession_host_data_uploaded_bytes: 9,
      backupsession_host_data_processing_time_seconds: 3_603,
      backupsession_host_files_total: 3,
      backupsession_host_files_new: 1,
    });
  });

  test("L91: of a failure say so, and still tell when the last success was", () => {
    const failed = aSession("30", "Failed", [{ hostname: "web", phase: "Failed" }]);
    expect(newNames(sessionSamples(COMMON, [failed, aSession("29", "Succeeded")]))).toEqual({
      backupsession_success: 0,
      backupsession_last_success_time_seconds: Date.UTC(2024, 3, 29, 2, 1) / 1_000,
      backupsession_target_success: 0,
      backupsession_host_backup_success: 0,
    });
  });

  test("skipped and running sessions say nothing", () => {
    expect([...sessionSamples(COMMON, [aSession("30", "Skipped"), aSession("29", "Running")])]).toEqual([]);
  });

  test("stand under their new and their old name", () => {
    const names = [...sessionSamples(COMMON, [aSession("30", "Failed")])].map(({ name }) => name);
    expect(names).toContain("stash_appscode_com_backupsession_success");
    expect(names).toContain("stash_backup_session_success");
  });
});

test("L91: a restore that succeeded has the value 1, and each of its hosts has a value of its own", () => {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo" },
    spec: {},
    status: {
      phase: "Succeeded",
      sessionDuration: "9s",
      conditions: [{ type: "MetricsPushed", status: "True", lastTransitionTime: "2024-04-30T02:00:00Z" }],
      members: [
        {
          ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" },
          phase: "Succeeded",
          totalHosts: 2,
          stats: ["db-0", "db-1"].map((hostname) => ({ hostname, phase: "Succeeded", duration: "4s" })),
        },
      ],
    },
  });
  const all = [...restoreSamples(COMMON, restore)];
  expect(newNames(all)).toMatchObject({ restoresession_success: 1, restoresession_duration_seconds: 9 });
  const hosts = all.filter(({ name }) => name === "stash_restore_host_restore_success");
  expect(hosts.map(({ labels, value }) => [labels["hostname"], value])).toEqual([
    ["db-0", 1],
    ["db-1", 1],
  ]);
});

test("gauges are filled together, and series of what is gone go with it", async () => {
  const registry = new Registry();
  let all: Sample[] = [
    { name: "stash_backup_session_success", labels: COMMON, value: 1 },
    { name: "stash_repository_integrity", labels: { name: "store", namespace: "demo", backend: "s3" }, value: 0 },
  ];
  registerGauges(registry, UPSTREAM_GAUGES, () => all);
  const first = await registry.metrics();
  expect(first).toContain('stash_backup_session_success{invoker_kind="BackupBatch"');
  expect(first).toContain('stash_repository_integrity{name="store",namespace="demo",backend="s3"} 0');
  all = all.slice(0, 1);
  expect(await registry.metrics()).not.toContain("stash_repository_integrity{");
});

test("restic's times are read as seconds", () => {
  expect(clockSeconds("0:07")).toBe(7);
  expect(clockSeconds("12:05")).toBe(725);
  expect(clockSeconds("1:00:00")).toBe(3_600);
  expect(clockSeconds("soon")).toBeUndefined();
});
