/** Status of a Repository: who refers to it, and what its sessions reported. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { HostActionResult, HostStats } from "../../shared/api/host-stats.ts";
import type { TypedObjectRef } from "../../shared/api/object-ref.ts";
import type { RepositoryStatus } from "../../shared/api/repository.ts";
import { REPOSITORY_MADE } from "../../shared/contract.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatSize } from "../../shared/size.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { repositoryReadiness, withReadiness } from "../../shared/status/readiness.ts";
import { isGoodPoint } from "../../shared/status/saved-data.ts";
import { firstPast, pastMs, timeMs } from "../../shared/timestamps.ts";
import { formatDamage } from "../maintenance/verdicts.ts";
import {
  formatReplacement,
  type Sighting,
  withAcceptance,
  withForeignSighting,
  withReplacedCondition,
  withSighting,
} from "./identity.ts";

export interface RepositoryView {
  readonly namespace: string;
  readonly generation: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly status: RepositoryStatus | undefined;
  readonly references: readonly TypedObjectRef[];
  /** All that are there and used the Repository, in any order. */
  readonly sessions: readonly BackupSession[];
  /**
   * Those of them whose word on which repository is there counts: the reconciler ordered work on this one for them. That a status names
   * the Repository is not enough to take a history away, since it may be written by others.
   */
  readonly seers: readonly BackupSession[];
}

/**
 * The status, brought forward by what the sessions tell. Sessions are removed by their history limit, so what stands in the
 * status is only ever replaced by something newer.
 */
export function decideRepositoryStatus(
  { namespace, generation, annotations, status, references, sessions, seers }: RepositoryView,
  now: Date,
): RepositoryStatus {
  const byAge = (all: readonly BackupSession[]) => [...all].sort((a, b) => createdAtMs(a) - createdAtMs(b));
  const oldestFirst = byAge(sessions);
  // Which repository it is comes first: what was saved into another is not in this one.
  const seen = byAge(seers).reduce<RepositoryStatus>((known, session) => {
    const sighting = sightingOf(session);
    if (sighting === undefined) return known;
    const isOwn = session.metadata.namespace === namespace;
    return isOwn ? withSighting(known, sighting, now) : withForeignSighting(known, sighting, now);
  }, status ?? {});
  const identified = withAcceptance(seen, annotations);
  const sinceMs = timeMs(identified.replacedAt);
  const folded = oldestFirst
    .filter((session) => createdAtMs(session) >= sinceMs)
    .reduce<RepositoryStatus>((known, session) => withSession(known, session, now), identified);
  const readiness = repositoryReadiness({
    integrity: folded.integrity,
    damage: formatDamage(folded),
    replaced: formatReplacement(folded),
    openFault: openFault(oldestFirst, status?.conditions),
  });
  const conditions = withReadiness(withReplacedCondition(status?.conditions, folded, now), readiness, generation, now);
  return { ...folded, observedGeneration: generation, references, conditions };
}

/** What the session's first host found, or made. */
function sightingOf(session: BackupSession): Sighting | undefined {
  const { conditions, repository, repositoryID } = session.status ?? {};
  const found = findCondition(conditions, ConditionType.BackendRepositoryInitialized);
  if (found?.status !== "True") return undefined;
  return {
    id: repositoryID,
    isMade: found.message === REPOSITORY_MADE,
    atMs: createdAtMs(session),
    by: `BackupSession ${session.metadata.namespace}/${session.metadata.name}`,
    backend: repository?.backend,
  };
}

/** Why the newest session that tried could not open the repository. It is remembered when that session is gone. */
function openFault(oldestFirst: readonly BackupSession[], known: RepositoryStatus["conditions"]): string | undefined {
  const type = ConditionType.BackendRepositoryInitialized;
  const tries = oldestFirst.flatMap(({ status }) => findCondition(status?.conditions, type) ?? []);
  const last = tries.at(-1);
  if (last !== undefined) return last.status === "False" ? last.message || "it could not be opened" : undefined;
  const told = findCondition(known, ConditionType.Ready);
  return told?.reason === "FailedToInitializeBackendRepository" ? told.message : undefined;
}

function createdAtMs({ metadata }: BackupSession): number {
  return timeMs(metadata.creationTimestamp);
}

function hostsOf({ status }: BackupSession): readonly HostStats[] {
  return (status?.targets ?? []).flatMap((target) => target.stats ?? []);
}

interface Reported {
  readonly result: HostActionResult;
  readonly host: HostStats;
}

function withSession(status: RepositoryStatus, session: BackupSession, now: Date): RepositoryStatus {
  const hosts = hostsOf(session);
  const ended = hosts.flatMap((host) =>
    (host.results ?? []).filter(({ phase }) => phase !== "Running").map((result): Reported => ({ host, result })),
  );
  const saved = withBackup(status, session, { hosts, ended }, now);
  return withRecoveryPoint(withRemoval(saved, session, ended), session, now);
}

/** Times and sizes, of the newest session that saved anything. */
function withBackup(
  status: RepositoryStatus,
  session: BackupSession,
  { hosts, ended }: { readonly hosts: readonly HostStats[]; readonly ended: readonly Reported[] },
  now: Date,
): RepositoryStatus {
  const createdAt = firstPast([session.metadata.creationTimestamp], now);
  const hasSaved = hosts.some(({ phase, snapshots }) => phase === "Succeeded" && (snapshots?.length ?? 0) > 0);
  if (createdAt === undefined || !hasSaved || timeMs(createdAt) < pastMs(status.lastBackupTime, now)) return status;
  const succeeded = (action: HostActionResult["action"]): HostActionResult | undefined =>
    ended.map(({ result }) => result).findLast((result) => result.action === action && result.phase === "Succeeded");
  const retention = succeeded("ApplyRetentionPolicy");
  const numbers = succeeded("SendRepositoryMetrics");
  const snapshotCount = numbers?.snapshotCount ?? retention?.kept;
  return {
    ...status,
    firstBackupTime: status.firstBackupTime ?? createdAt,
    lastBackupTime: createdAt,
    ...(numbers?.totalSizeBytes !== undefined && { totalSize: formatSize(numbers.totalSizeBytes) }),
    ...(snapshotCount !== undefined && { snapshotCount }),
    ...(retention?.removed !== undefined && { snapshotsRemovedOnLastCleanup: retention.removed }),
  };
}

/** Snapshots of which nobody knows whether they went count as removed: a prune too many does no harm. */
function withRemoval(
  status: RepositoryStatus,
  { metadata }: BackupSession,
  ended: readonly Reported[],
): RepositoryStatus {
  const removal = ended
    .map(({ result }) => result)
    .findLast(({ action, phase, removed = 0 }) => {
      return action === "ApplyRetentionPolicy" && (removed > 0 || phase === "Failed");
    });
  if (removal === undefined) return status;
  return { ...status, lastRemoval: `${metadata.namespace}/${metadata.name} ${removal.finishedAt ?? ""}`.trim() };
}

function withRecoveryPoint(
  status: RepositoryStatus,
  { metadata, spec, status: session }: BackupSession,
  now: Date,
): RepositoryStatus {
  const time = firstPast([spec.dueTime, metadata.creationTimestamp], now);
  const isNewer = time !== undefined && timeMs(time) > pastMs(status.lastRecoveryPoint?.time, now);
  if (session === undefined || !isGoodPoint(session) || !isNewer) return status;
  const { unreadableFiles } = session;
  const lastRecoveryPoint = {
    session: metadata.name,
    time,
    ...(unreadableFiles !== undefined && { unreadableFiles }),
  };
  return { ...status, lastRecoveryPoint };
}
