/**
 * Snapshots in the status of a Repository, from what pods that listed the repository told. Pure. The Snapshot API shows them.
 *
 * | # | report | answer |
 * |---|---|---|
 * | 1 | of a repository with another backend than the Repository has now | nothing |
 * | 2 | of a maintenance, begun after the last one that is known | they take the place of all |
 * | 3 | of a session, ended before that maintenance began | nothing |
 * | 4 | of a session, older than one of its invoker that is known | nothing: a newer one has told since, and is gone |
 * | 5 | of a session otherwise | those of its invoker take the place of those, and of no other's |
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { ListedSnapshot } from "../../shared/api/listed-snapshot.ts";
import type { RepositoryStatus } from "../../shared/api/repository.ts";
import { boundSnapshots } from "../../shared/snapshots/listed.ts";
import { isCount } from "../../shared/snapshots/listed-points.ts";
import { taggedTimeMs } from "../../shared/snapshots/of-session.ts";
import { invokerTag } from "../../shared/snapshots/tags.ts";
import { pastMs, timeMs } from "../../shared/timestamps.ts";
import { isMaintenance, isOfRepository, type PointsView, reportedAtMs } from "./points.ts";

/** Twice what points may take: each has its own tags and paths. */
const MAX_SNAPSHOTS_LENGTH = 256 * 1024;

type SnapshotStatus = Pick<RepositoryStatus, "snapshots" | "snapshotsListedAt" | "pointsListedAt">;

/** A number that JSON can't carry would have every status refused. */
function believed({ uid, gid, ...rest }: ListedSnapshot): ListedSnapshot {
  return { ...rest, ...(isCount(uid) && { uid }), ...(isCount(gid) && { gid }) };
}

function toldBy(run: HostRun): readonly ListedSnapshot[] {
  return (run.status?.listedSnapshots ?? []).map(believed);
}

function listedAt(status: SnapshotStatus, atMs: number): Pick<SnapshotStatus, "snapshotsListedAt"> {
  const newestMs = Math.max(atMs, timeMs(status.snapshotsListedAt));
  return { snapshotsListedAt: new Date(newestMs).toISOString() };
}

function withMaintenance(status: SnapshotStatus, run: HostRun, now: Date): SnapshotStatus {
  const at = run.spec.assignedAt;
  if (at === undefined || timeMs(at) <= pastMs(status.pointsListedAt, now)) return status;
  return { snapshots: toldBy(run), pointsListedAt: at, ...listedAt({}, timeMs(at)) };
}

function tagsOf({ tags = [] }: ListedSnapshot) {
  return { tags };
}

/** A pod speaks for the invoker that its order names, whatever it says. */
function withSession(status: SnapshotStatus, run: HostRun, cluster: string | undefined, now: Date): SnapshotStatus {
  const { backup } = run.spec;
  const atMs = reportedAtMs(run);
  const isOther = backup?.cluster === undefined || (cluster !== undefined && backup.cluster !== cluster);
  if (backup === undefined || isOther || atMs <= pastMs(status.pointsListedAt, now)) return status;
  const { kind, name } = backup.invoker;
  const tag = invokerTag({ kind, name, namespace: run.metadata.namespace, cluster: backup.cluster });
  const isOwn = (snapshot: ListedSnapshot) => tagsOf(snapshot).tags.includes(tag);
  const known = status.snapshots ?? [];
  const isOld = known.some((one) => {
    const dueMs = taggedTimeMs(tagsOf(one)) ?? 0;
    return isOwn(one) && dueMs <= now.getTime() && dueMs > atMs;
  });
  if (isOld) return status;
  const others = known.filter((one) => !isOwn(one));
  // Nobody's snapshot becomes another's: who deletes by name must mean what goes.
  const taken = new Set(others.map(({ id }) => id));
  const own = toldBy(run).filter((one) => isOwn(one) && !taken.has(one.id));
  return { ...status, snapshots: [...others, ...own], ...listedAt(status, atMs) };
}

/** The snapshots with what was told of them; as they are where nothing was. Ask it before points change when all were listed. */
export function withSnapshots(
  status: RepositoryStatus,
  { repository, reports, cluster }: PointsView,
  now: Date,
): Pick<RepositoryStatus, "snapshots" | "snapshotsListedAt"> {
  const told = reports.filter((run) => run.status?.listedSnapshots !== undefined && isOfRepository(run, repository));
  const oldestFirst = told.sort((a, b) => reportedAtMs(a) - reportedAtMs(b));
  const { snapshots, snapshotsListedAt } = oldestFirst.reduce<SnapshotStatus>(
    (next, run) =>
      isMaintenance(run, repository) ? withMaintenance(next, run, now) : withSession(next, run, cluster, now),
    status,
  );
  return {
    ...(snapshots !== undefined && { snapshots: boundSnapshots(snapshots, MAX_SNAPSHOTS_LENGTH) }),
    ...(snapshotsListedAt !== undefined && { snapshotsListedAt }),
  };
}
