/**
 * What many hosts cost: one decision over a DaemonSet session of 5,000 hosts, the first and a later one, the bytes of one sign
 * of life, and the status of hosts whose hooks print 8 KiB. No cluster: the decisions are pure.
 */
import { statusPatch } from "../agent/report/run-reporter.ts";
import { decideSession } from "../reconciler/backup-session/decide.ts";
import { sessionOrders } from "../reconciler/backup-session/host-runs.ts";
import { foldHostRuns } from "../reconciler/run/fold-host-runs.ts";
import { buildHostRun } from "../reconciler/run/host-runs.ts";
import type { BackupBatch } from "../shared/api/backup-batch.ts";
import type { HostRun } from "../shared/api/host-run.ts";
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

/** Bytes of a status in which every host failed and both of its hooks printed 8 KiB. */
function statusBytes(hosts: number): number {
  const owner = { apiVersion: "", kind: "BackupSession", namespace: "demo", name: "nightly-1", uid: "uid-session" };
  const simulation = daemonSet(hosts);
  simulation.settle();
  const orders = sessionOrders(simulation.view(), simulation.status, new Map());
  const output = "o".repeat(8_192);
  const runs = orders.map((order): readonly [string, HostRun] => {
    const hooks = (["preBackup", "postBackup"] as const).map((type) => ({ type, phase: "Failed" as const, output }));
    return [order.name, { ...buildHostRun(owner, order), status: { phase: "Failed", error: output, hooks } }];
  });
  const run = { name: simulation.session.metadata.name, uid: simulation.session.metadata.uid ?? "" };
  const folded = foldHostRuns(run, simulation.status, new Map(runs), "backup");
  return Buffer.byteLength(JSON.stringify(folded.status));
}

export async function run(): Promise<Record<string, number>> {
  const large = daemonSet(5_000);
  const view = large.view();
  const firstMs = timeOf(() => {
    decideSession(view, new Date(large.nowMs));
  });
  const [few, many] = [heartbeatBytes(10), heartbeatBytes(1_000)];
  return {
    decideMs5000: Math.round(decideMs(large) * 10) / 10,
    firstDecideMs5000: Math.round(firstMs * 10) / 10,
    bytesPerHeartbeat10: few,
    bytesPerHeartbeat1000: many,
    statusBytes120: statusBytes(120),
    statusBytesMax: statusBytes(5_000),
    ...memberFigures(),
  };
}
