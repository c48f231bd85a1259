/**
 * The newest recovery point, where what the cluster knows of it is all there is to know: then nobody has to look into the
 * repository. Pure.
 *
 * Retention takes older points, never the newest complete one; so only of that is known that its snapshots are still there. A
 * restore looks for each of them before it writes, in any case.
 */
import type { BackupSession, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { isNamed, type PointSnapshot, type RepositoryPoint } from "../../shared/snapshots/recovery-points.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { listsAllSnapshots } from "../../shared/status/saved-data.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import type { RestoreView } from "./view.ts";

export type KnownPointFacts = Pick<RestoreView, "invoker" | "repository" | "sessions" | "clusterId">;

/** @returns undefined when it is not what the restore asks for, or not known for certain */
export function readKnownPoint(facts: KnownPointFacts): RepositoryPoint | undefined {
  const { invoker, repository, sessions, clusterId } = facts;
  const { namespace, session: wanted, asOfMs = Number.POSITIVE_INFINITY } = invoker;
  const newest = newestWork(sessions.filter((session) => session.metadata.namespace === namespace));
  if (newest === undefined || repository === undefined) return undefined;
  const { backend, lastBackupTime } = { ...repository.spec, ...repository.status };
  const isSameStore = canonicalJson(newest.status?.repository?.backend ?? null) === canonicalJson(backend ?? null);
  // A session that is gone may have saved after it; and one that a clock ahead has dated is not the last.
  const isLast = newest.metadata.creationTimestamp === lastBackupTime;
  const point = isSameStore && isLast ? pointOf(newest) : undefined;
  if (point === undefined) return undefined;
  const isWanted = wanted === undefined ? Date.parse(point.time) <= asOfMs : isNamed(point, wanted);
  return isWanted ? { ...point, ...(clusterId !== undefined && { cluster: clusterId }) } : undefined;
}

/** Of the sessions that ran, or began to: one that failed may have saved all that a restore asks for. */
function newestWork(sessions: readonly BackupSession[]): BackupSession | undefined {
  const worked = sessions.filter(({ status }) => isFinalSessionPhase(status?.phase) && status?.phase !== "Skipped");
  return worked.reduce<BackupSession | undefined>(
    (newest, one) => (newest === undefined || createdAtMs(one) > createdAtMs(newest) ? one : newest),
    undefined,
  );
}

function createdAtMs({ metadata }: BackupSession): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

/** @returns undefined when the session failed, or its status does not hold all */
function pointOf({ metadata, spec, status }: BackupSession): RepositoryPoint | undefined {
  const { name, namespace = "" } = metadata;
  const time = spec.dueTime ?? metadata.creationTimestamp;
  const targets = status?.targets ?? [];
  if (status?.phase !== "Succeeded" || time === undefined || targets.length === 0) return undefined;
  const snapshots: PointSnapshot[] = [];
  for (const target of targets) {
    const own = snapshotsOf(target, namespace);
    if (own === undefined) return undefined;
    snapshots.push(...own);
  }
  const unreadableFiles = status?.unreadableFiles ?? 0;
  return { namespace, session: name, time, snapshots, ...(unreadableFiles > 0 && { unreadableFiles }) };
}

function snapshotsOf(
  { ref, phase, stats = [], totalHosts, unlisted }: BackupTargetStatus,
  namespace: string,
): readonly PointSnapshot[] | undefined {
  if (phase !== "Succeeded" || unlisted !== undefined || stats.length !== totalHosts) return undefined;
  const target = resolveTargetRef(ref, namespace);
  const snapshots: PointSnapshot[] = [];
  for (const host of stats) {
    const { hostname, snapshots: listed = [] } = host;
    if (host.phase !== "Succeeded" || listed.length === 0 || !listsAllSnapshots(host)) return undefined;
    const paths = listed.length > 1 ? { paths: listed.length } : {};
    for (const { name: id, path } of listed) {
      if (id === undefined || path === undefined || hostname === undefined) return undefined;
      snapshots.push({ target, hostname, path, id, hosts: totalHosts, ...paths });
    }
  }
  return snapshots;
}
