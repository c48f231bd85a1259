import { describe, expect, test } from "vitest";
import { decideSession } from "../../../../reconciler/backup-session/decide.ts";
import { BACKUP_WORDS } from "../../../../reconciler/backup-session/facts.ts";
import { targetFailure } from "../../../../reconciler/run/outcome.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const WEB = { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 };
const MEMBER = { target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } };

function aRestore(spec: Partial<RestoreBatch["spec"]>): RestoreSimulation {
  const metadata = {
    name: "back",
    namespace: "demo",
    uid: "uid",
    creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
  };
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata,
    spec: { repository: { name: "store" }, members: [MEMBER], ...spec },
  });
  const simulation = new RestoreSimulation(restore, [WEB]);
  simulation.settle();
  return simulation;
}

/** The only host of the member ends. */
function end(simulation: RestoreSimulation, phase: "Succeeded" | "Failed"): void {
  simulation.rollOut(WEB, 0);
  simulation.settle();
  const finishedAt = new Date(simulation.nowMs).toISOString();
  const failure = phase === "Failed" ? { reason: "BACKEND_UNREACHABLE", error: "no route" } : {};
  simulation.report({ targetIndex: 0, hostIndex: 0 }, (host) => ({ ...host, ...failure, phase, finishedAt }));
  simulation.settle();
}

/** What a person's edit gives the members and the restore. */
function edit(simulation: RestoreSimulation, spec: Partial<RestoreBatch["spec"]>): void {
  simulation.restore = { ...simulation.restore, spec: { ...simulation.restore.spec, ...spec } };
  simulation.settle();
}

describe("a restore that has ended", () => {
  test("is not opened again by an edit that brings an after-hook", () => {
    const simulation = aRestore({});
    end(simulation, "Succeeded");
    expect(simulation.status).toMatchObject({ phase: "Succeeded", targets: [{ phase: "Succeeded" }] });
    edit(simulation, { members: [{ ...MEMBER, hooks: { postRestore: { exec: { command: ["thaw"] } } } }] });
    expect(simulation.status).toMatchObject({ phase: "Succeeded", targets: [{ phase: "Succeeded" }] });
    expect(simulation.startedHooks).toEqual([]);
  });

  test("is not opened again by an edit that brings more tries", () => {
    const simulation = aRestore({});
    end(simulation, "Failed");
    edit(simulation, { retryConfig: { maxRetry: 3, delay: "1s" } });
    simulation.nowMs += 60_000;
    simulation.settle();
    expect(simulation.status).toMatchObject({ phase: "Failed", targets: [{ phase: "Failed" }] });
  });
});

test("a member that failed for good is not tried again by an edit, while another member is still at work", () => {
  const db = { target: { alias: "db", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "db" } } };
  const simulation = aRestore({ members: [MEMBER, db] });
  end(simulation, "Failed");
  expect(simulation.status).toMatchObject({ phase: "Running", targets: [{ phase: "Failed" }, { phase: "Pending" }] });
  edit(simulation, { retryConfig: { maxRetry: 3, delay: "1s" } });
  simulation.nowMs += 60_000;
  simulation.settle();
  expect(simulation.status.targets?.[0]).toMatchObject({ phase: "Failed", stats: [{ phase: "Failed" }] });
});

test("a member that was refused keeps its reason when the deadline of the restore passes", () => {
  const missing = { target: { alias: "db", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "db" } } };
  const simulation = aRestore({
    timeOut: "1h",
    members: [{ ...MEMBER, dependsOn: ["nobody"] }, missing],
  });
  const reason = "INVALID_OBJECT";
  expect(simulation.status.targets?.[0]).toMatchObject({ phase: "Failed", reason });
  simulation.nowMs += 3_600_000;
  simulation.settle();
  expect(simulation.status).toMatchObject({
    phase: "Failed",
    targets: [{ reason }, { reason: "DEADLINE_EXCEEDED" }],
  });
});

function aSession(members: number): SessionSimulation {
  const names = Array.from({ length: members }, (_, at) => `m${at}`);
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      executionOrder: "Sequential",
      failurePolicy: "FailFast",
      members: names.map((name) => ({
        target: { alias: name, ref: { apiVersion: "apps/v1", kind: "Deployment", name }, paths: ["/data"] },
      })),
    },
  });
  const workloads = names.map((name) => ({ kind: "Deployment", namespace: "demo", name, replicas: 1 }));
  return new SessionSimulation({ batch, workloads });
}

test("a job that is never there does not hold a member of a session for ever", () => {
  const simulation = aSession(1);
  /** Somebody takes the job away as often as it is made. */
  const decide = () => {
    const missing = { problem: undefined, hosts: [{ hostname: "m0", outcome: undefined }] };
    const view = { ...simulation.view(), jobs: new Map([[0, missing]]) };
    const { actions } = decideSession(view, new Date(simulation.nowMs));
    for (const action of actions) {
      if (action.kind === "WriteStatus") simulation.session = { ...simulation.session, status: action.status };
    }
    return actions.map(({ kind }) => kind);
  };
  expect(decide()).toContain("EnsureJob");
  simulation.nowMs += 4 * 60_000;
  expect(decide()).toContain("EnsureJob");
  simulation.nowMs += 60_000;
  expect(decide()).not.toContain("EnsureJob");
  expect(simulation.status.targets?.[0]).toMatchObject({ phase: "Failed", reason: "EXECUTOR_LOST" });
});

test("members whose turns are decided at once are refused one after another where one keeps the others from starting", () => {
  const simulation = aSession(4);
  simulation.workloads.splice(0, 1, { kind: "Deployment", namespace: "demo", name: "m0", replicas: 0 });
  simulation.settle();
  const targets = simulation.status.targets ?? [];
  expect(targets.map(({ reason }) => reason)).toEqual([
    "NO_REPLICAS",
    ...Array.from({ length: 3 }, () => "EARLIER_MEMBER_FAILED"),
  ]);
  expect(targets.map((target) => targetFailure(BACKUP_WORDS, target))).not.toContain(undefined);
});
