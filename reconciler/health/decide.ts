/** Whether an invoker's backups have stopped without anybody having said so. Pure. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { pastMs } from "../../shared/timestamps.ts";

export type Staleness =
  /** Nothing is expected: the schedule is paused, empty or can't be read. */
  | { readonly kind: "unscheduled" }
  | { readonly kind: "fresh"; readonly sinceMs: number; readonly limitMs: number }
  /** The last good recovery point is older than twice the longest distance between two runs. */
  | { readonly kind: "stale"; readonly sinceMs: number; readonly limitMs: number };

const PERIODS = 2;

/** Longest distance between two of the next runs; undefined when there are not two. */
export function periodMs(nextRuns: readonly string[]): number | undefined {
  const times = nextRuns.map((time) => Date.parse(time));
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return gaps.length === 0 ? undefined : Math.max(...gaps);
}

/**
 * @param invoker with the next runs and the last recovery point in its status
 * @param now current time
 */
export function decideStaleness(invoker: BackupConfiguration | BackupBatch, now: Date): Staleness {
  const { metadata, spec, status } = invoker;
  const period = periodMs(status?.nextRuns ?? []);
  if (spec.paused === true || period === undefined) return { kind: "unscheduled" };
  // Of a point that lies in the future nobody knows when it was taken: better an alarm too many than none until then.
  const lastGoodMs = pastMs(status?.lastRecoveryPoint?.time, now);
  const createdMs = pastMs(metadata.creationTimestamp, now) || now.getTime();
  const sinceMs = lastGoodMs || createdMs;
  const limitMs = PERIODS * period;
  return { kind: now.getTime() - sinceMs > limitMs ? "stale" : "fresh", sinceMs, limitMs };
}
