import { describe, expect, test } from "vitest";
import { pointSamples, proofSamples } from "../../../../reconciler/metrics/proof-samples.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";

const seconds = (time: string) => Date.parse(time) / 1_000;

function aRepository(status: Readonly<Record<string, unknown>>) {
  return parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: {},
    status,
  });
}

const lock = (id: string) => ({ id, host: "elsewhere", pid: 7 });

function aHostRun(locks: readonly string[], spec: Readonly<Record<string, unknown>> = {}) {
  return parseHostRun({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "HostRun",
    metadata: { name: "r", namespace: "demo" },
    spec: {
      work: "Backup",
      run: { apiVersion: "stash.appscode.com/v1beta1", kind: "BackupSession", name: "s", uid: "u" },
      host: "web",
      pod: { name: "web-1", uid: "p" },
      ...spec,
    },
    status: { locks: locks.map(lock) },
  });
}

function valuesOf(...of: Parameters<typeof proofSamples>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...proofSamples(...of)].map(({ name, value }) => [name.replace("stash_batch_repository_", ""), value]),
  );
}

describe("a Repository", () => {
  test("that nobody has backed up into has nothing to prove", () => {
    expect(valuesOf(aRepository({}), [])).toEqual({ replaced: 0, maintenance_failed: 0, locks: 0 });
  });

  test("that was never checked is unproven since its first backup, and later since its last checks", () => {
    const first = "2024-04-01T02:00:00Z";
    expect(valuesOf(aRepository({ firstBackupTime: first }), [])).toMatchObject({
      unchecked_since_time_seconds: seconds(first),
      data_unread_since_time_seconds: seconds(first),
    });
    const [check, read] = ["2024-04-09T00:00:00Z", "2024-04-08T00:00:00Z"];
    const status = { firstBackupTime: first, lastCheckTime: check, lastReadDataCheckTime: read };
    expect(valuesOf(aRepository(status), [])).toMatchObject({
      unchecked_since_time_seconds: seconds(check),
      data_unread_since_time_seconds: seconds(read),
    });
  });

  test.each([
    ["the newest run failed", ["Failed", "Succeeded"], 1],
    ["a run after the one that failed was stopped", ["Stopped", "Failed"], 1],
    ["a run after the one that failed is at work", ["Running", "Failed"], 1],
    ["a later run succeeded", ["Stopped", "Succeeded", "Failed"], 0],
    ["runs were only stopped", ["Stopped", "Stopped"], 0],
  ])("%s: failed is %s", (_what, phases, failed) => {
    const maintenanceRuns = phases.map((phase) => ({ phase, startedAt: "2024-04-09T00:00:00Z" }));
    expect(valuesOf(aRepository({ maintenanceRuns }), [])).toMatchObject({ maintenance_failed: failed });
  });

  test("counts each lock once, however many wait for it, and none of those who no longer wait", () => {
    const waiting = [aHostRun(["a", "b"]), aHostRun(["b"])];
    const over = [
      aHostRun(["c"], { isOver: true }),
      aHostRun(["d"], { cancel: { reason: "DELETED", message: "It is deleted." } }),
    ];
    expect(valuesOf(aRepository({}), [...waiting, ...over])).toMatchObject({ locks: 2 });
    expect(valuesOf(aRepository({}), over)).toMatchObject({ locks: 0 });
  });

  test("whose checks gave up on a lock is locked, until a run gets through", () => {
    const run = (phase: string, reason?: string) => ({ phase, reason, startedAt: "2024-04-09T00:00:00Z" });
    const locked = { maintenanceRuns: [run("Stopped"), run("Failed", "REPOSITORY_LOCKED")] };
    expect(valuesOf(aRepository(locked), [])).toMatchObject({ locks: 1 });
    const other = { maintenanceRuns: [run("Failed", "RESTIC_FAILED"), run("Failed", "REPOSITORY_LOCKED")] };
    expect(valuesOf(aRepository(other), [])).toMatchObject({ locks: 0 });
    const through = { maintenanceRuns: [run("Succeeded"), run("Failed", "REPOSITORY_LOCKED")] };
    expect(valuesOf(aRepository(through), [])).toMatchObject({ locks: 0 });
  });
});

describe("members that are missing in the newest point", () => {
  const LABELS = { invoker_kind: "BackupBatch", invoker_name: "nightly", namespace: "demo" };
  const target = (name: string, phase: string, more: Readonly<Record<string, unknown>> = {}) => ({
    ref: { apiVersion: "apps/v1", kind: "Deployment", name },
    phase,
    ...more,
  });
  const aSession = (day: string, phase: string, targets: readonly unknown[]) =>
    parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: `nightly-${day}`, namespace: "demo", creationTimestamp: `2024-04-${day}T02:00:00Z` },
      spec: {},
      status: { phase, targets },
    });
  const missing = (...sessions: readonly ReturnType<typeof aSession>[]) =>
    [...pointSamples(LABELS, sessions)].map(({ value }) => value);
  const host = (phase: string, ...ids: readonly string[]) => ({
    hostname: "h",
    phase,
    snapshots: ids.map((name) => ({ name })),
  });

  test.each([
    ["all are there", [target("a", "Succeeded"), target("b", "Succeeded")], 0],
    ["one failed", [target("a", "Succeeded"), target("b", "Failed")], 1],
    ["those behind it had no turn", [target("a", "Succeeded"), target("b", "Failed"), target("c", "Pending")], 2],
    ["one host of the only member failed", [target("a", "Failed", { stats: [host("Succeeded"), host("Failed")] })], 1],
    ["one path of the only host was saved", [target("a", "Failed", { stats: [host("Failed", "id")] })], 1],
    ["hosts that are not listed were saved", [target("a", "Failed", { unlisted: { succeeded: 40 } })], 1],
    [
      "nothing was saved: there is no point",
      [target("a", "Failed", { stats: [host("Failed")] }), target("b", "Pending")],
      0,
    ],
    ["nothing was begun", [], 0],
  ] as const)("%s", (_what, targets, count) => {
    expect(missing(aSession("30", "Failed", targets))).toEqual([count]);
  });

  test("are those of the newest session that ended; without one nothing is said", () => {
    const bad = aSession("29", "Failed", [target("a", "Succeeded"), target("b", "Failed")]);
    const good = aSession("30", "Succeeded", [target("a", "Succeeded"), target("b", "Succeeded")]);
    expect(missing(bad, aSession("30", "Running", []), aSession("28", "Succeeded", []))).toEqual([1]);
    expect(missing(bad, good)).toEqual([0]);
    expect(missing(aSession("30", "Running", []))).toEqual([]);
  });
});
