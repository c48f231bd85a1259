/**
 * What many hosts cost: one decision over a DaemonSet session of 5,000 hosts, the first and a later one, the bytes of one sign
 * of life, and the status of hosts whose hooks print 8 KiB. No cluster: the decisions are pure.
 */
import { statusPatch } from "../agent/report/run-reporter.ts";
import { decideSession } from "../reconciler/backup-session/decide.ts";
import { sessionOrders } from "../reconciler/backup-session/host-runs.ts";
import type { SessionStatus } from "../reconciler/backup-session/view.ts";
import { foldHostRuns } from "../reconciler/run/fold-host-runs.ts";
import { buildHostRun, hostRunName, keyOfEntry } from "../reconciler/run/host-runs.ts";
import { NOTHING_RECORDED } from "../reconciler/run/records.ts";
import { sumUp } from "../reconciler/run/sum-up.ts";
import type { BackupBatch } from "../shared/api/backup-batch.ts";
import type { HostRun } from "../shared/api/host-run.ts";
import type { HostStats } from "../shared/api/host-stats.ts";
import { SessionSimulation } from "../tests/support/simulation/session-simulation.ts";
import { memberFigures } from "./_member-load.ts";

const ROUNDS = 5;

function aBatch(members: BackupBatch["spec"]["members"], executionOrder: "Parallel" | "Sequential"): BackupBatch {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      executionOrder,
      ...(members !== undefined && { members }),
    },
  };
}

function member(kind: string, name: string): NonNullable<BackupBatch["spec"]["members"]>[number] {
  return { target: { alias: name, ref: { apiVersion: "apps/v1", kind, name }, paths: ["/data"] } };
}

function daemonSet(hosts: number): SessionSimulation {
  const workload = { kind: "DaemonSet", namespace: "demo", name: "agent", replicas: hosts };
  return new SessionSimulation({
    batch: aBatch([member("DaemonSet", "agent")], "Parallel"),
    workloads: [workload],
  });
}

/** @returns milliseconds of the fastest round: what the decision itself takes on a machine that others use too */
function timeOf(run: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const startedAtMs = performance.now();
    run();
    return performance.now() - startedAtMs;
  });
  return Math.min(...times);
}

/** Decides once for a session that runs. */
function decideMs(simulation: SessionSimulation): number {
  simulation.settle();
  return timeOf(() => {
    decideSession(simulation.view(), new Date(simulation.nowMs));
  });
}

/** What one agent sends to say that it lives: nothing of it depends on the other hosts. */
function heartbeatBytes(hosts: number): number {
  const simulation = daemonSet(hosts);
  simulation.settle();
  const view = simulation.view();
  const [order] = sessionOrders(view, simulation.status, new Map());
  if (order === undefined) throw new Error("no host has its turn");
  const progress = { percent: 50, bytesDone: 1, bytesTotal: 2, heartbeat: new Date(simulation.nowMs).toISOString() };
  return Buffer.byteLength(JSON.stringify(statusPatch("0a1b2c3d-0000-0000-0000-000000000000", { progress })));
}

/** The status in which every host failed and both of its hooks printed 8 KiB. */
function failedStatus(hosts: number): SessionStatus {
  const simulation = daemonSet(hosts);
  simulation.settle();
  const { name, uid = "" } = simulation.session.metadata;
  const output = "o".repeat(8_192);
  const hooks = (["preBackup", "postBackup"] as const).map((type) => ({ type, phase: "Failed" as const, output }));
  const given = (host: HostStats, at: number): HostStats => {
    return { ...host, phase: "Running", attempt: 1, pod: `agent-${at}`, podUID: `0a1b2c3d-0000-0000-0000-${at}` };
  };
  const targets = (simulation.status.targets ?? []).map((target) => ({
    ...target,
    stats: target.stats?.map(given) ?? [],
  }));
  const owner = { apiVersion: "", kind: "BackupSession", namespace: "demo", name, uid };
  const [order] = sessionOrders(simulation.view(), simulation.status, new Map());
  if (order === undefined) throw new Error("no host has its turn");
  const told: HostRun = { ...buildHostRun(owner, order), status: { phase: "Failed", error: output, hooks } };
  const runs = (targets[0]?.stats ?? []).flatMap((host): (readonly [string, HostRun])[] => {
    const key = keyOfEntry(0, host);
    return key === undefined ? [] : [[hostRunName(owner, key), told]];
  });
  const { status } = foldHostRuns(owner, { ...simulation.status, targets }, new Map(runs), "backup");
  if (status.targets?.[0]?.stats?.some(({ phase }) => phase !== "Failed")) throw new Error("a host did not fail");
  return status;
}

/** Bytes of a status as it is stored. */
function statusBytes(whole: SessionStatus): number {
  return Buffer.byteLength(JSON.stringify(sumUp(whole, NOTHING_RECORDED).status));
}

/** The status in which every one of a batch's members fails with 8 KiB of text. */
function failedMembers(members: number): SessionStatus {
  const text = "e".repeat(8_192);
  const targets = Array.from({ length: members }, (_, at) => ({
    ref: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${at}`, namespace: "demo" },
    alias: `app-${at}`,
    totalHosts: 1,
    phase: "Failed" as const,
    reason: "RESTIC_FAILED",
    message: text,
    stats: [{ hostname: `app-${at}`, phase: "Failed" as const, reason: "RESTIC_FAILED", error: text }],
  }));
  return { phase: "Failed", targets };
}

export async function run(): Promise<Record<string, number>> {
  const large = daemonSet(5_000);
  const view = large.view();
  const firstMs = timeOf(() => {
    decideSession(view, new Date(large.nowMs));
  });
  const all = failedStatus(5_000);
  const [few, many] = [heartbeatBytes(10), heartbeatBytes(1_000)];
  return {
    decideMs5000: Math.round(decideMs(large) * 10) / 10,
    firstDecideMs5000: Math.round(firstMs * 10) / 10,
    bytesPerHeartbeat10: few,
    bytesPerHeartbeat1000: many,
    statusBytes120: statusBytes(failedStatus(120)),
    statusBytesMembers1000: statusBytes(failedMembers(1_000)),
    statusBytesMax: Math.max(statusBytes(all), statusBytes(failedMembers(1_000))),
    sumUpMs5000: Math.round(timeOf(() => sumUp(all, NOTHING_RECORDED)) * 10) / 10,
    ...memberFigures(),
  };
}
