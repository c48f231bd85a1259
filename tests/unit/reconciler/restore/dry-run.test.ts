/** A restore with `spec.dryRun`, from its creation to its end: what it tells, and that it does nothing. */
import { expect, test } from "vitest";
import { restoreOrders } from "../../../../reconciler/restore/host-runs.ts";
import { foldEntry } from "../../../../reconciler/run/fold-host-runs.ts";
import { textRoom } from "../../../../reconciler/run/text-room.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import type { TriedHost } from "../../../../shared/api/host-stats.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { restoreInvokerView } from "../../../../shared/invoker/object.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const WEB = { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 };
const DB = { kind: "StatefulSet", namespace: "demo", name: "db", replicas: 2 };
const TRIED: TriedHost = { newFiles: 1, changedFiles: 2, sameFiles: 3, totalBytes: 60, writtenBytes: 30 };

const member = (alias: string, kind: string, more: object = {}) => ({
  target: { alias, ref: { apiVersion: "apps/v1", kind, name: alias }, rules: [{ paths: ["/data"] }] },
  ...more,
});

function aDryRun(spec: Partial<RestoreBatch["spec"]> = {}, status: object = {}): RestoreSimulation {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: {
      name: "back",
      namespace: "demo",
      uid: "uid",
      creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
    },
    spec: {
      dryRun: true,
      repository: { name: "store" },
      executionOrder: "Sequential",
      hooks: { preRestore: { exec: { command: ["never"] } }, postRestore: { exec: { command: ["never"] } } },
      members: [
        member("db", "StatefulSet", { hooks: { preRestore: { exec: { command: ["never"] } } } }),
        member("web", "Deployment"),
      ],
      ...spec,
    },
    ...status,
  });
  return new RestoreSimulation(restore, [WEB, DB]);
}

function tell(simulation: RestoreSimulation): void {
  const finishedAt = new Date(simulation.nowMs).toISOString();
  for (const at of simulation.hosts()) {
    simulation.report(at, (host) => ({ ...host, phase: "Succeeded", finishedAt, tried: TRIED }));
  }
  simulation.settle();
}

const actionsOf = ({ passes }: RestoreSimulation) => [
  ...new Set(passes.flatMap(({ actions }) => actions.map(({ kind }) => kind))),
];

test("it is tried in the pods that run, all members at once, and ends Succeeded with a condition that says what it was", () => {
  const simulation = aDryRun();
  simulation.settle();
  expect(simulation.hosts().map(({ host }) => [host.hostname, host.pod])).toEqual([
    ["db-0", "db-0"],
    ["db-1", "db-1"],
    ["web", expect.stringMatching(/^web-/)],
  ]);
  const orders = restoreOrders(simulation.view(), simulation.status, new Map());
  expect(orders.map(({ spec }) => [spec.work, spec.hooks])).toEqual([
    ["TryRestore", undefined],
    ["TryRestore", undefined],
    ["TryRestore", undefined],
  ]);
  tell(simulation);
  expect(simulation.status).toMatchObject({ phase: "Succeeded" });
  expect(findCondition(simulation.status.conditions, "DryRun")).toMatchObject({
    status: "True",
    reason: "NothingChanged",
  });
  expect(simulation.hosts()[0]?.host.tried).toEqual(TRIED);
});

test("no hook runs, no workload is asked for anything, no pod is looked for, nothing is waited for", () => {
  const simulation = aDryRun();
  simulation.busyTargets.set("StatefulSet/demo/db", "BackupSession nightly-1");
  simulation.settle();
  tell(simulation);
  expect(simulation.status.phase).toBe("Succeeded");
  expect(actionsOf(simulation)).toEqual(["WriteStatus"]);
  expect(simulation.startedHooks).toEqual([]);
  expect(simulation.askedAtMs.size).toBe(0);
});

test("the plan has the members in their order, what would restart, and what would hold them", () => {
  const job = { target: { alias: "dump", ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" } } };
  const gone = member("gone", "Deployment", { dependsOn: ["dump"] });
  const simulation = aDryRun({
    executionOrder: "Parallel",
    members: [member("db", "StatefulSet"), member("web", "Deployment", { dependsOn: ["db"] }), job, gone],
  });
  simulation.busyTargets.set("StatefulSet/demo/db", "BackupSession nightly-1");
  simulation.settle();
  tell(simulation);
  expect(simulation.status.plan).toMatchObject([
    { alias: "db", step: 1, restarts: "its 2 pods", waitsFor: ["BackupSession nightly-1 works on the same target"] },
    { alias: "web", kind: "Deployment", name: "web", step: 2, by: "init-container of its pods", restarts: "its pod" },
    { alias: "dump", step: 1, by: "Job", restarts: "nothing" },
    { alias: "gone", step: 2, waitsFor: ["Deployment demo/gone does not exist: it is waited for"] },
  ]);
  expect(simulation.status.phase).toBe("Succeeded");
  expect(simulation.status.targets?.map(({ totalHosts, message }) => [totalHosts, message])).toEqual([
    [2, undefined],
    [1, undefined],
    [0, expect.stringContaining("a Job loads it")],
    [0, expect.stringContaining("does not exist")],
  ]);
});

test("a host without a running sidecar is told, and holds up no other", () => {
  const simulation = aDryRun();
  simulation.pods.get("db-1").isAgentRunning = false;
  simulation.settle();
  expect(simulation.hosts().map(({ host }) => host.hostname)).toEqual(["db-0", "web"]);
  expect(simulation.status.targets?.[0]?.message).toContain("no pod with a running sidecar has host db-1");
});

test("what can't be tried fails it, with the reason", () => {
  const simulation = aDryRun();
  simulation.settle();
  const finishedAt = new Date(simulation.nowMs).toISOString();
  for (const at of simulation.hosts()) {
    simulation.report(at, (host) => ({
      ...host,
      phase: "Failed",
      reason: "SNAPSHOT_NOT_FOUND",
      error: "e",
      finishedAt,
    }));
  }
  simulation.settle();
  expect(simulation.status).toMatchObject({ phase: "Failed", reason: "SNAPSHOT_NOT_FOUND" });
});

test("an edit of its spec makes no real restore of it", () => {
  const simulation = aDryRun();
  simulation.settle();
  const { dryRun: _, ...spec } = simulation.restore.spec;
  simulation.restore = { ...simulation.restore, spec };
  simulation.settle();
  const orders = restoreOrders(simulation.view(), simulation.status, new Map());
  expect(new Set(orders.map(({ spec: { work } }) => work))).toEqual(new Set(["TryRestore"]));
  expect(actionsOf(simulation)).toEqual(["WriteStatus"]);
});

test("a status that somebody robbed of the condition makes none of it either", () => {
  const simulation = aDryRun();
  simulation.settle();
  const { status = {} } = simulation.restore;
  simulation.restore = { ...simulation.restore, status: { ...status, conditions: [] } };
  simulation.settle();
  expect(restoreOrders(simulation.view(), simulation.status, new Map()).map(({ spec }) => spec.work)).not.toContain(
    "Restore",
  );
});

test("what a pod tells is bounded, and numbers that JSON can't carry are none", () => {
  const huge = Number("9223372036854775807");
  const run = parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace: "demo", name: "r" },
    spec: {
      work: "TryRestore",
      run: { kind: "RestoreBatch", name: "back" },
      host: "web",
      pod: { name: "p", uid: "u" },
    },
    status: { phase: "Running", tried: { ...TRIED, newFiles: huge, overwritten: ["x".repeat(5_000)] } },
  });
  const { tried } = foldEntry<{ readonly tried?: TriedHost }>({}, run, "restore", textRoom(1));
  expect(tried).toMatchObject({ newFiles: 0, changedFiles: 2, snapshots: [] });
  expect(tried?.overwritten?.[0]?.length).toBeLessThanOrEqual(256);
});

test("a RestoreSession has it too, and what somebody took out of its spec its condition still says", () => {
  const isOf = (spec: object, conditions: readonly object[] = []) =>
    restoreInvokerView(
      parseRestoreSession({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "RestoreSession",
        metadata: { name: "back", namespace: "demo" },
        spec: { ...member("web", "Deployment"), ...spec },
        status: { conditions },
      }),
    ).isDryRun;
  const condition = { type: "DryRun", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" };
  expect([isOf({ dryRun: true }), isOf({}, [condition]), isOf({}), isOf({ dryRun: false })]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
