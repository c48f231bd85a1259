/** Our own values: what is late, missed or stale, and what stands still. Pure. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { firstPast } from "../../shared/timestamps.ts";
import { decideStaleness } from "../health/decide.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";
import { type Labels, timeSeconds } from "./session-samples.ts";

const INVOKER = ["invoker_kind", "invoker_name", "namespace"] as const;

const NAME = {
  stale: "stash_batch_invoker_stale",
  lastPoint: "stash_batch_invoker_last_recovery_point_time_seconds",
  nextRun: "stash_batch_invoker_next_run_time_seconds",
  missed: "stash_batch_invoker_missed_runs",
  ready: "stash_batch_invoker_ready",
  paused: "stash_batch_invoker_paused",
  open: "stash_batch_sessions_open",
  oldest: "stash_batch_session_oldest_open_age_seconds",
  overdue: "stash_batch_sessions_past_deadline",
} as const;

export const HEALTH_GAUGES: readonly GaugeSpec[] = [
  { name: NAME.stale, labelNames: INVOKER, help: "1 when there is no good recovery point for twice the period" },
  { name: NAME.lastPoint, labelNames: INVOKER, help: "time of the newest complete recovery point" },
  { name: NAME.nextRun, labelNames: INVOKER, help: "when the next run is due; in the past when it is late" },
  { name: NAME.missed, labelNames: INVOKER, help: "due times that passed without a run" },
  { name: NAME.ready, labelNames: INVOKER, help: "1 when backups can run" },
  { name: NAME.paused, labelNames: INVOKER, help: "1 when the schedule is paused" },
  { name: NAME.open, labelNames: ["phase"], help: "sessions that have not ended" },
  { name: NAME.oldest, labelNames: [], help: "age of the oldest session that has not ended" },
  { name: NAME.overdue, labelNames: [], help: "sessions that have not ended though their deadline passed" },
];

function* sample(name: string, labels: Labels, value: number | undefined): Generator<Sample> {
  if (value !== undefined) yield { name, labels, value };
}

export function* invokerSamples(invoker: BackupConfiguration | BackupBatch, now: Date): Generator<Sample> {
  const { kind, metadata, spec, status } = invoker;
  const labels = { invoker_kind: kind, invoker_name: metadata.name, namespace: metadata.namespace };
  const staleness = decideStaleness(invoker, now);
  yield* sample(NAME.stale, labels, staleness.kind === "stale" ? 1 : 0);
  yield* sample(NAME.lastPoint, labels, timeSeconds(firstPast([status?.lastRecoveryPoint?.time], now)));
  yield* sample(NAME.nextRun, labels, timeSeconds(status?.nextRuns?.[0]));
  yield* sample(NAME.missed, labels, status?.missedRuns ?? 0);
  yield* sample(NAME.ready, labels, status?.phase === "Ready" ? 1 : 0);
  yield* sample(NAME.paused, labels, spec.paused === true ? 1 : 0);
}

export function* openSessionSamples(sessions: readonly BackupSession[], now: Date): Generator<Sample> {
  const open = sessions.filter(({ status }) => !isFinalSessionPhase(status?.phase));
  for (const phase of ["Pending", "Running"] as const) {
    const count = open.filter(({ status }) => (status?.phase ?? "Pending") === phase).length;
    yield* sample(NAME.open, { phase }, count);
  }
  const ages = open.map(
    ({ metadata }) => now.getTime() - (Date.parse(metadata.creationTimestamp ?? "") || now.getTime()),
  );
  yield* sample(NAME.oldest, {}, Math.max(0, ...ages) / 1_000);
  const overdue = open.filter(({ status }) => Date.parse(status?.sessionDeadline ?? "") < now.getTime());
  yield* sample(NAME.overdue, {}, overdue.length);
}
