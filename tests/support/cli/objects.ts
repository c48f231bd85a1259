/** Objects as the cluster holds them, for tests of what commands say of them. */
import { type BackupBatch, parseBackupBatch } from "../../../shared/api/backup-batch.ts";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";

/** What all tests of the command line call now. */
export const NOW = "2030-01-02T12:00:00Z";
export const NOW_MS = Date.parse(NOW);

export function hoursAgo(hours: number): string {
  return new Date(NOW_MS - hours * 3_600_000).toISOString();
}

interface BatchFacts {
  readonly name?: string;
  readonly spec?: object;
  readonly status?: object;
}

/** A batch that runs every six hours and has what it needs. */
export function aBatch({ name = "shop", spec = {}, status = {} }: BatchFacts = {}): BackupBatch {
  return parseBackupBatch({
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: "BackupBatch",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, creationTimestamp: hoursAgo(1_000) },
    spec: {
      schedule: "0 */6 * * *",
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 3, prune: true },
      members: [
        { target: { alias: "db", ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" } } },
        { target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
      ],
      ...spec,
    },
    status: {
      phase: "Ready",
      nextRuns: [hoursAgo(-1), hoursAgo(-7), hoursAgo(-13)],
      lastRecoveryPoint: { session: `${name}-1`, time: hoursAgo(5) },
      ...status,
    },
  });
}

export interface TargetFacts {
  readonly alias: string;
  readonly phase?: string;
  readonly host?: object;
  readonly snapshots?: readonly object[];
  readonly more?: object;
}

export interface SessionFacts {
  readonly name?: string;
  readonly batch?: string;
  readonly phase?: string;
  readonly hoursAgo?: number;
  readonly targets?: readonly TargetFacts[];
  readonly status?: object;
}

/** A session of the batch `shop`, five hours ago. */
export function aSession(facts: SessionFacts = {}): BackupSession {
  const { name = "shop-1", batch = "shop", phase = "Succeeded", status = {} } = facts;
  const made = hoursAgo(facts.hoursAgo ?? 5);
  return parseBackupSession({
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: "demo", creationTimestamp: made },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: batch }, trigger: "Scheduled" },
    status: {
      phase,
      sessionDuration: "42s",
      completionTime: made,
      repository: { name: "store", namespace: "demo" },
      targets: (facts.targets ?? [{ alias: "db" }, { alias: "web" }]).map(aTarget),
      ...status,
    },
  });
}

function aTarget({ alias, phase = "Succeeded", host = {}, snapshots, more = {} }: TargetFacts): object {
  const saved = phase === "Succeeded" ? [{ name: `${alias}aaaabbbb`, path: "/data", sizeBytes: 2_048 }] : [];
  return {
    ref: { apiVersion: "apps/v1", kind: "Deployment", name: alias },
    alias,
    phase,
    totalHosts: 1,
    stats: [{ hostname: alias, phase, pod: `${alias}-0`, node: "node-a", snapshots: snapshots ?? saved, ...host }],
    ...more,
  };
}
