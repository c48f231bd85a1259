/**
 * Which recovery point a drill restores. Pure. Of a point only what its BackupSession recorded is known here: so it can be
 * drilled while that session is kept, and its snapshots by their ids are restored and no others.
 */
import type { BackupSession, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { UserError } from "../../shared/errors.ts";
import { fnv1a64 } from "../../shared/hash.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isGoodPoint, listsAllSnapshots } from "../../shared/status/saved-data.ts";
import { type ResolvedTargetRef, resolveTargetRef } from "../../shared/target/ref.ts";
import { firstPast, timeMs } from "../../shared/timestamps.ts";

export interface DrillSnapshot {
  readonly id: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface DrillHost {
  readonly hostname: string;
  readonly snapshots: readonly DrillSnapshot[];
}

export interface DrillTarget {
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
  readonly hosts: readonly DrillHost[];
}

export interface DrillPoint {
  readonly session: string;
  readonly time: string;
  readonly targets: readonly DrillTarget[];
}

export interface PointWish {
  readonly verifier: BackupVerifier["spec"];
  readonly drill: BackupVerificationSession;
  /** Of the invoker, in any order. */
  readonly sessions: readonly BackupSession[];
  readonly now: Date;
}

function timeOf({ metadata, spec }: BackupSession): string {
  return spec.dueTime ?? metadata.creationTimestamp ?? "";
}

/** What a clock that was ahead has dated comes last: else it would be the newest until then. */
function newestFirst(sessions: readonly BackupSession[], now: Date): readonly BackupSession[] {
  const atMs = ({ metadata, spec }: BackupSession) =>
    timeMs(firstPast([spec.dueTime, metadata.creationTimestamp], now));
  return [...sessions].sort((a, b) => atMs(b) - atMs(a));
}

/**
 * @throws UserError RECOVERY_POINT_NOT_FOUND, RECOVERY_POINT_INCOMPLETE, or DRILL_NOT_POSSIBLE where the session does not tell its snapshots
 */
export function chooseDrillPoint(wish: PointWish): DrillPoint {
  const good = newestFirst(wish.sessions, wish.now).filter(({ status }) => status !== undefined && isGoodPoint(status));
  const session = choose(wish, good);
  return { session: session.metadata.name, time: timeOf(session), targets: targetsOf(session) };
}

function choose({ verifier, drill, sessions }: PointWish, good: readonly BackupSession[]): BackupSession {
  const { which = "Newest", session: ofVerifier } = verifier.point ?? {};
  const wanted = drill.spec.session ?? (which === "Named" ? ofVerifier : undefined);
  if (wanted !== undefined) return named(wanted, sessions, good);
  const [newest] = good;
  if (newest === undefined) {
    throw new UserError("RECOVERY_POINT_NOT_FOUND", "no BackupSession that is kept left a complete recovery point", {
      next: "Take a backup first.",
    });
  }
  if (which !== "Random") return newest;
  // The same drill chooses the same, whoever looks and however often.
  const at = Number(fnv1a64(drill.metadata.uid ?? drill.metadata.name) % BigInt(good.length));
  return good[at] ?? newest;
}

function named(name: string, sessions: readonly BackupSession[], good: readonly BackupSession[]): BackupSession {
  const chosen = good.find(({ metadata }) => metadata.name === name);
  if (chosen !== undefined) return chosen;
  const present = sessions.find(({ metadata }) => metadata.name === name);
  if (present === undefined) {
    throw new UserError("RECOVERY_POINT_NOT_FOUND", `BackupSession ${name} is not kept any more`, {
      next: `Raise spec.backupHistoryLimit, or choose one of ${good.map(({ metadata }) => metadata.name).join(", ") || "those to come"}.`,
    });
  }
  const why = isFinalSessionPhase(present.status?.phase) ? "did not save every member" : "has not ended";
  throw new UserError("RECOVERY_POINT_INCOMPLETE", `BackupSession ${name} ${why}`);
}

function targetsOf({ metadata, status }: BackupSession): readonly DrillTarget[] {
  return (status?.targets ?? []).map((target) => ({
    ref: resolveTargetRef(target.ref, metadata.namespace),
    alias: target.alias || undefined,
    hosts: hostsOf(target, metadata.name),
  }));
}

function hostsOf({ stats = [], totalHosts = 0, unlisted }: BackupTargetStatus, session: string): readonly DrillHost[] {
  if (unlisted !== undefined || stats.length < totalHosts) {
    throw new UserError("DRILL_NOT_POSSIBLE", `BackupSession ${session} has more hosts than its status lists`, {
      next: "Restore it by a RestoreBatch into claims of your own to see that it comes back.",
    });
  }
  const cut = stats.find((host) => !listsAllSnapshots(host));
  if (cut !== undefined) {
    const which = `${cut.snapshotCount ?? 0} snapshots of host ${cut.hostname ?? ""}`;
    throw new UserError("DRILL_NOT_POSSIBLE", `BackupSession ${session} has more ${which} than its status lists`, {
      next: "Back up fewer and larger folders, or restore it by a RestoreBatch into claims of your own.",
    });
  }
  return stats.map(({ hostname = "", snapshots = [] }) => ({
    hostname,
    snapshots: snapshots.map(({ name: id = "", path = "", sizeBytes = 0 }) => ({ id, path, sizeBytes })),
  }));
}
