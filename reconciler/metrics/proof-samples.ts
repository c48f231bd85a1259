/** What alerts ask of Repositories and recovery points: whether backups are whole, whether they are proven, and what is locked. Pure. */
import type { BackupSession, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";
import { type Labels, newestEnded, timeSeconds } from "./session-samples.ts";

const REPOSITORY = ["name", "namespace"] as const;
const INVOKER = ["invoker_kind", "invoker_name", "namespace"] as const;

const NAME = {
  unchecked: "stash_batch_repository_unchecked_since_time_seconds",
  unread: "stash_batch_repository_data_unread_since_time_seconds",
  replaced: "stash_batch_repository_replaced",
  maintenanceFailed: "stash_batch_repository_maintenance_failed",
  locks: "stash_batch_repository_locks",
  missing: "stash_batch_session_missing_members",
} as const;

export const PROOF_GAUGES: readonly GaugeSpec[] = [
  {
    name: NAME.unchecked,
    labelNames: REPOSITORY,
    help: "when the structure was last checked; the first backup's time while it never was",
  },
  {
    name: NAME.unread,
    labelNames: REPOSITORY,
    help: "when a part of the data was last read and checked; the first backup's time while it never was",
  },
  {
    name: NAME.replaced,
    labelNames: REPOSITORY,
    help: "1 while another restic repository is where the known one was, and nobody has accepted it",
  },
  {
    name: NAME.maintenanceFailed,
    labelNames: REPOSITORY,
    help: "1 when the newest run of checks and prune that came to an end of its own failed",
  },
  { name: NAME.locks, labelNames: REPOSITORY, help: "locks of others that are in the way of work on the repository" },
  {
    name: NAME.missing,
    labelNames: INVOKER,
    help: "members without all their data in what the newest session that ended has saved; 0 when it saved nothing",
  },
];

/** @param hostRuns those that are about the Repository */
export function* proofSamples(repository: Repository, hostRuns: readonly HostRun[]): Generator<Sample> {
  const { name, namespace } = repository.metadata;
  const labels: Labels = { name, namespace };
  const { firstBackupTime, lastCheckTime, lastReadDataCheckTime, maintenanceRuns = [] } = repository.status ?? {};
  const since = {
    [NAME.unchecked]: timeSeconds(lastCheckTime ?? firstBackupTime),
    [NAME.unread]: timeSeconds(lastReadDataCheckTime ?? firstBackupTime),
  };
  for (const [metric, value] of Object.entries(since)) {
    if (value !== undefined) yield { name: metric, labels, value };
  }
  yield { name: NAME.replaced, labels, value: repository.status?.replacement === undefined ? 0 : 1 };
  // One that was stopped for a backup says nothing.
  const ended = maintenanceRuns.find(({ phase }) => phase === "Succeeded" || phase === "Failed");
  yield { name: NAME.maintenanceFailed, labels, value: ended?.phase === "Failed" ? 1 : 0 };
  const inTheWay = hostRuns.filter(({ spec }) => spec.isOver !== true && spec.cancel === undefined);
  const ids = new Set(inTheWay.flatMap(({ status }) => (status?.locks ?? []).map(({ id }) => id)));
  // Whose lock it was is not kept when a run of checks has given up.
  const least = ended?.phase === "Failed" && ended.reason === "REPOSITORY_LOCKED" ? 1 : 0;
  yield { name: NAME.locks, labels, value: Math.max(ids.size, least) };
}

function hasSaved({ phase, stats, unlisted }: BackupTargetStatus): boolean {
  return (
    phase === "Succeeded" ||
    (unlisted?.succeeded ?? 0) > 0 ||
    (stats ?? []).some((host) => host.phase === "Succeeded" || (host.snapshots ?? []).length > 0)
  );
}

/** @param sessions those of the invoker that the labels name */
export function* pointSamples(labels: Labels, sessions: readonly BackupSession[]): Generator<Sample> {
  const { ended } = newestEnded(sessions);
  if (ended === undefined) return;
  const targets = ended.status?.targets ?? [];
  const missing = targets.filter(({ phase }) => phase !== "Succeeded").length;
  yield { name: NAME.missing, labels, value: targets.some(hasSaved) ? missing : 0 };
}
