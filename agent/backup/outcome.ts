/** From what restic said about each path to what the status says about the host. Pure. */
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { ErrorCode, UserError } from "../../shared/errors.ts";
import { formatClock, formatSize } from "../../shared/size.ts";
import type { BackupSummary } from "../restic/messages.ts";

export type PathOutcome =
  | { readonly kind: "saved"; readonly snapshot: SnapshotStats; readonly warnings: readonly string[] }
  | {
      readonly kind: "failed";
      readonly path: string;
      readonly error: UserError;
      readonly warnings: readonly string[];
      /** How many files and folders restic could not read. */
      readonly unreadable?: number;
    };

export interface SavedSnapshot {
  readonly id: string;
  readonly at: Date;
  readonly unreadable: number;
}

/** Snapshot entry of the status. */
export function buildSnapshotStats(
  path: string,
  summary: BackupSummary,
  { id, at, unreadable }: SavedSnapshot,
): SnapshotStats {
  return {
    name: id,
    path,
    ...(unreadable > 0 && { unreadableFiles: unreadable }),
    totalSize: formatSize(summary.bytesTotal),
    uploaded: formatSize(summary.bytesAdded),
    processingTime: formatClock(summary.seconds),
    sizeBytes: Math.round(summary.bytesTotal),
    uploadedBytes: Math.round(summary.bytesAdded),
    time: at.toISOString(),
    fileStats: {
      totalFiles: summary.filesTotal,
      newFiles: summary.filesNew,
      modifiedFiles: summary.filesChanged,
      unmodifiedFiles: summary.filesUnmodified,
    },
  };
}

export interface HostResult {
  readonly phase: "Succeeded" | "Failed";
  readonly snapshots: readonly SnapshotStats[];
  readonly warnings: readonly string[];
  /** Over all paths. */
  readonly unreadableFiles: number;
  readonly error: string;
  readonly reason: string;
  readonly duration: string;
  readonly finishedAt: string;
}

function unreadableOf(outcome: PathOutcome): number {
  return (outcome.kind === "saved" ? outcome.snapshot.unreadableFiles : outcome.unreadable) ?? 0;
}

/**
 * The host's result: Succeeded only when each path has a snapshot. What was saved is reported in any case.
 *
 * @param failure what failed apart from the paths, such as a hook
 */
export function buildHostResult(
  outcomes: readonly PathOutcome[],
  failure: UserError | undefined,
  times: { readonly startedAt: string; readonly now: Date },
): HostResult {
  const ofPaths = outcomes.flatMap((outcome) => (outcome.kind === "failed" ? [outcome.error] : []));
  // What cut the run short explains the paths that were stopped by it.
  const errors = failure === undefined ? ofPaths : [failure, ...ofPaths.filter(({ code }) => code !== "RESTIC_KILLED")];
  const nextSteps = [...new Set(errors.map(({ next }) => next))];
  const reason: ErrorCode | "" = errors[0]?.code ?? "";
  return {
    phase: errors.length === 0 ? "Succeeded" : "Failed",
    snapshots: outcomes.flatMap((outcome) => (outcome.kind === "saved" ? [outcome.snapshot] : [])),
    warnings: outcomes.flatMap(({ warnings }) => warnings),
    unreadableFiles: outcomes.reduce((sum, outcome) => sum + unreadableOf(outcome), 0),
    error:
      errors.length === 0 ? "" : `${errors.map(({ message }) => message).join("; ")} (next: ${nextSteps.join(" ")})`,
    reason,
    duration: formatDuration(Math.max(0, times.now.getTime() - Date.parse(times.startedAt))),
    finishedAt: times.now.toISOString(),
  };
}
