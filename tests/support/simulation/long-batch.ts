/** A session over a Sequential batch of many members. */
import { parseBackupBatch } from "../../../shared/api/backup-batch.ts";
import type { HostStats } from "../../../shared/api/host-stats.ts";
import type { SimulatedWorkload } from "./pods.ts";
import { SessionSimulation } from "./session-simulation.ts";

/** @param replicas of each member's workload; with 0 it is refused at its turn */
export function longBatch(members: number, replicas: number): SessionSimulation {
  const names = Array.from({ length: members }, (_, at) => `member-${at}`);
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      executionOrder: "Sequential",
      members: names.map((name) => ({
        target: { alias: name, ref: { apiVersion: "apps/v1", kind: "Deployment", name }, paths: ["/data"] },
      })),
    },
  });
  const workloads = names.map((name): SimulatedWorkload => ({ kind: "Deployment", namespace: "demo", name, replicas }));
  return new SessionSimulation({ batch, workloads });
}

/** The session after half of its members have ended well, and the next is at work. */
export function bringToMiddle(simulation: SessionSimulation, members: number): void {
  simulation.settle();
  const finishedAt = new Date(simulation.nowMs).toISOString();
  const targets = (simulation.status.targets ?? []).map((target, at) => {
    if (at >= members / 2) return target;
    const hostname = `${target.alias}`;
    const host: HostStats = { hostname, phase: "Succeeded", pod: hostname, podUID: hostname, finishedAt };
    return { ...target, phase: "Succeeded" as const, totalHosts: 1, stats: [host] };
  });
  simulation.session = { ...simulation.session, status: { ...simulation.status, targets } };
}
