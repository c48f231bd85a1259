/**
 * Locks in the status of a Repository, as the pod of its maintenance saw them. Pure. They are told to people: no decision of ours follows
 * them. Only a maintenance is heard: its pod works for the Repository alone, in the Repository's own namespace.
 */
import type { RepositoryStatus } from "../../shared/api/repository.ts";
import { boundLocks } from "../../shared/listed-locks.ts";
import { formatTime, pastMs, timeMs } from "../../shared/timestamps.ts";
import { isMaintenance, isOfRepository, type PointsView } from "./points.ts";

/** The locks that were seen last; nothing where none were seen after those that are known. */
export function withLocks(
  status: RepositoryStatus,
  { repository, reports }: PointsView,
  now: Date,
): Pick<RepositoryStatus, "locks" | "locksSeenAt"> {
  const told = reports
    .filter((run) => isMaintenance(run, repository) && isOfRepository(run, repository))
    .flatMap(({ status: { listedLocks } = {} }) => listedLocks ?? [])
    // By a clock that goes ahead nothing would be seen after it for long.
    .map(({ seenAt, locks }) => ({ seenMs: Math.min(timeMs(seenAt), now.getTime()), locks }));
  const [newest] = told.sort((a, b) => b.seenMs - a.seenMs);
  if (newest === undefined || newest.seenMs <= pastMs(status.locksSeenAt, now)) return {};
  return { locks: boundLocks(newest.locks), locksSeenAt: formatTime(new Date(newest.seenMs)) };
}
