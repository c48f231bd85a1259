import { describe, expect, test } from "vitest";
import type { Action } from "../../../../reconciler/backup-session/step.ts";
import { conditionSamples } from "../../../../reconciler/metrics/condition-samples.ts";
import { decideRepositoryStatus } from "../../../../reconciler/repository/decide.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { HostStats } from "../../../../shared/api/host-stats.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    members: [
      { target: { alias: "db", ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" }, paths: ["/data"] } },
      { target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, paths: ["/data"] } },
    ],
  },
};

/** A session to its end, in which each host tells what is given for it. */
function run(told: Readonly<Record<string, Partial<HostStats>>>) {
  const simulation = new SessionSimulation({
    batch: BATCH,
    workloads: [
      { kind: "StatefulSet", namespace: "demo", name: "db", replicas: 2 },
      { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 },
    ],
  });
  for (let round = 0; round < 20; round += 1) {
    simulation.settle();
    for (const { targetIndex, hostIndex, host } of simulation.hosts()) {
      if (host.podUID === undefined) continue;
      const actions = host.actions ?? [];
      simulation.report({ targetIndex, hostIndex }, (old) => ({
        ...old,
        ...(old.phase === "Pending" && {
          phase: "Succeeded",
          snapshots: [{ name: "abc", path: "/data" }],
          ...told[old.hostname ?? ""],
        }),
        ...(actions.length > 0 && { results: actions.map((action) => ({ action, phase: "Succeeded" })) }),
      }));
    }
    simulation.nowMs += 1_000;
  }
  const actions: readonly Action[] = simulation.passes.flatMap((pass) => pass.actions);
  return { simulation, status: simulation.status, actions };
}

function eventsOf(actions: readonly Action[]) {
  return actions.flatMap((action) => (action.kind === "EmitEvent" ? [action] : []));
}

function unreadableSamples({ simulation }: ReturnType<typeof run>) {
  const samples = [...conditionSamples(BATCH, [simulation.session])];
  return samples.filter(({ name }) => name === "stash_batch_session_unreadable_files").map(({ value }) => value);
}

describe("D1: a session", () => {
  test("in which every file was read says nothing of unreadable ones", () => {
    const ended = run({});
    expect(ended.status.phase).toBe("Succeeded");
    expect(ended.status.unreadableFiles).toBeUndefined();
    expect(findCondition(ended.status.conditions, "AllFilesRead")).toBeUndefined();
    expect(eventsOf(ended.actions)).toEqual([]);
    expect(unreadableSamples(ended)).toEqual([0]);
  });

  test("in which single files could not be read succeeds, with the count wherever people and alerts look", () => {
    const ended = run({ "db-0": { unreadableFiles: 2 }, web: { unreadableFiles: 1 } });
    const { status, actions, simulation } = ended;
    expect(status).toMatchObject({ phase: "Succeeded", unreadableFiles: 3 });
    expect(findCondition(status.conditions, "AllFilesRead")).toMatchObject({
      status: "False",
      reason: "FilesUnreadable",
    });
    const message =
      "3 files could not be read and are not in the backup (StatefulSet demo/db: 2, Deployment demo/web: 1)";
    expect(findCondition(status.conditions, "AllFilesRead")?.message).toBe(message);
    expect(findCondition(status.targets?.[0]?.conditions, "AllFilesRead")?.message).toMatch(
      /^2 files could not be read \(.*: 2\)$/,
    );
    expect(eventsOf(actions)).toEqual([{ kind: "EmitEvent", type: "Warning", reason: "Files Unreadable", message }]);
    const points = actions.flatMap((action) => (action.kind === "RecordRecoveryPoint" ? [action.unreadableFiles] : []));
    expect(points).toEqual([3]);
    const session = { ...simulation.session, spec: { ...simulation.session.spec, dueTime: "2024-04-30T02:00:00Z" } };
    const repository = decideRepositoryStatus(
      { namespace: "demo", generation: 1, status: undefined, references: [], sessions: [session], seers: [session] },
      new Date("2024-04-30T03:00:00Z"),
    );
    expect(repository.lastRecoveryPoint?.unreadableFiles).toBe(3);
    expect(unreadableSamples(ended)).toEqual([3]);
  });

  test("in which a folder of one host could not be read fails, and is no recovery point", () => {
    const failed = {
      phase: "Failed",
      reason: "FILES_UNREADABLE",
      error: "a folder",
      unreadableFiles: 1,
      snapshots: [],
    } as const;
    const { status, actions } = run({ "db-1": failed });
    expect(status.phase).toBe("Failed");
    expect(status.targets?.map(({ phase }) => phase)).toEqual(["Failed", "Succeeded"]);
    expect(findCondition(status.conditions, "AllFilesRead")?.status).toBe("False");
    expect(actions.filter(({ kind }) => kind === "RecordRecoveryPoint")).toEqual([]);
  });
});
