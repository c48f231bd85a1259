/**
 * Recovery points in the status of a Repository, from what pods that listed the repository told. Pure. They are told to people: no
 * decision of ours follows them, and a restore looks into the repository itself.
 *
 * | # | report | answer |
 * |---|---|---|
 * | 1 | of a repository with another backend than the Repository has now | nothing |
 * | 2 | of a maintenance, begun after the last one that is known | its points take the place of all |
 * | 3 | of a session, ended before that maintenance began | nothing |
 * | 4 | of a session, older than a point of its invoker that is known | nothing: a newer one has told since, and is gone |
 * | 5 | of a session otherwise | its points take the place of those of its invoker, and of no other's |
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { ListedMember, ListedPoint } from "../../shared/api/recovery-point.ts";
import type { Repository, RepositoryStatus } from "../../shared/api/repository.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { boundPoints, invokerKey, isCount, newestPoints } from "../../shared/snapshots/listed-points.ts";
import { pastMs, timeMs } from "../../shared/timestamps.ts";

/** Half of what a status may take: the users of a Repository stand beside them. */
const MAX_POINTS_LENGTH = 128 * 1024;

export interface PointsView {
  readonly repository: Pick<Repository, "metadata" | "spec">;
  /** Host runs whose pods told which points there are. */
  readonly reports: readonly HostRun[];
  /** uid of this cluster's kube-system; undefined while it is not known. */
  readonly cluster: string | undefined;
}

type PointStatus = Pick<RepositoryStatus, "points" | "pointsListedAt" | "recoveryPoints">;

/** Whether it is about the repository as it is now. A reused name may stand for another one. */
export function isOfRepository({ spec }: HostRun, { metadata, spec: own }: PointsView["repository"]): boolean {
  const { name, namespace, backend } = spec.repository ?? {};
  const isSame = name === metadata.name && namespace === metadata.namespace;
  return isSame && canonicalJson(backend ?? null) === canonicalJson(own.backend ?? null);
}

/** What a pod may say of a member. A number that JSON can't carry would have every status refused. */
function believedMember(member: ListedMember): ListedMember {
  const { position, hosts, sizeBytes, ...rest } = member;
  return {
    ...(isCount(position) && { position }),
    ...rest,
    ...(isCount(hosts) && { hosts }),
    ...(isCount(sizeBytes) && { sizeBytes }),
  };
}

function believedPoint(point: ListedPoint): ListedPoint {
  // What was proven is known here alone: no pod says so of its own points.
  const { memberCount, members, sizeBytes, unreadableFiles, keptBy, proven: _told, ...rest } = point;
  return {
    ...rest,
    ...(isCount(memberCount) && { memberCount }),
    ...(members !== undefined && { members: members.map(believedMember) }),
    ...(isCount(sizeBytes) && { sizeBytes }),
    ...(isCount(unreadableFiles) && { unreadableFiles }),
    ...(keptBy !== undefined && { keptBy }),
  };
}

/** What a drill proved stays with the point, of the same time: a session of a reused name made another one. */
function withKnownProof(point: ListedPoint, known: readonly ListedPoint[] = []): ListedPoint {
  const same = known.find(
    (one) =>
      one.session === point.session &&
      one.namespace === point.namespace &&
      one.cluster === point.cluster &&
      timeMs(one.time) === timeMs(point.time),
  );
  return same?.proven === undefined ? point : { ...point, proven: same.proven };
}

/** Points of this cluster name none. */
function ofCluster(point: ListedPoint, cluster: string | undefined): ListedPoint {
  if (point.cluster === undefined || point.cluster !== cluster) return point;
  const { cluster: _own, ...rest } = point;
  return rest;
}

/** When the pod was given the work, which is after the session was due. */
export function reportedAtMs({ spec }: HostRun): number {
  return Math.max(timeMs(spec.assignedAt), timeMs(spec.createdAt), timeMs(spec.backup?.time));
}

export function isMaintenance({ metadata, spec }: HostRun, repository: PointsView["repository"]): boolean {
  const isOwn = spec.run.kind === KINDS.Repository.kind && spec.run.uid === repository.metadata.uid;
  return spec.work === "Maintain" && isOwn && metadata.namespace === repository.metadata.namespace;
}

interface Facts {
  readonly cluster: string | undefined;
  readonly now: Date;
}

/** What retention said stays with the point: a maintenance asks no policy. */
function withMaintenance(status: PointStatus, run: HostRun, { cluster, now }: Facts): PointStatus {
  const at = run.spec.assignedAt;
  if (at === undefined || timeMs(at) <= pastMs(status.pointsListedAt, now)) return status;
  const keyOf = (point: ListedPoint) => JSON.stringify([invokerKey(point), point.session]);
  const known = new Map((status.points ?? []).map((point) => [keyOf(point), point.keptBy]));
  const points = (run.status?.listedPoints ?? []).map((told): ListedPoint => {
    const { keptBy: _told, ...point } = ofCluster(believedPoint(told), cluster);
    const keptBy = known.get(keyOf(point));
    return withKnownProof({ ...point, ...(keptBy !== undefined && { keptBy }) }, status.points);
  });
  return { ...status, points, pointsListedAt: at };
}

/** A pod speaks for the invoker that its order names, whatever it says. */
function withSession(status: PointStatus, run: HostRun, { cluster, now }: Facts): PointStatus {
  const { backup } = run.spec;
  const { namespace } = run.metadata;
  const atMs = reportedAtMs(run);
  const isOther = backup?.cluster === undefined || (cluster !== undefined && backup.cluster !== cluster);
  if (backup === undefined || isOther || atMs <= pastMs(status.pointsListedAt, now)) return status;
  const { kind, name } = backup.invoker;
  const origin = { namespace, invoker: { kind, name } };
  const key = invokerKey({ ...origin, session: "", complete: false });
  const isOwn = (point: ListedPoint) => invokerKey(point) === key;
  const known = status.points ?? [];
  if (known.some((point) => isOwn(point) && pastMs(point.time, now) > atMs)) return status;
  const told = (run.status?.listedPoints ?? []).map((point): ListedPoint => {
    const { cluster: _cluster, ...rest } = believedPoint(point);
    return withKnownProof({ ...rest, ...origin }, known);
  });
  return { ...status, points: [...known.filter((point) => !isOwn(point)), ...told] };
}

/** The last report of each invoker, and the last of a maintenance: of several sessions that are there still the newest counts. */
export function newestReports<Run extends HostRun>(runs: readonly Run[]): readonly Run[] {
  const newest = new Map<string, Run>();
  for (const run of runs) {
    const { work, run: owner, backup } = run.spec;
    const { kind, name } = backup?.invoker ?? { kind: owner.kind, name: owner.name };
    const key = JSON.stringify([run.metadata.namespace, work, kind, name]);
    const known = newest.get(key);
    if (known === undefined || reportedAtMs(known) <= reportedAtMs(run)) newest.set(key, run);
  }
  return [...newest.values()];
}

/** The points with what was told of them; as they are where nothing was. */
export function withPoints(status: RepositoryStatus, view: PointsView, now: Date): RepositoryStatus {
  const { repository, reports, cluster } = view;
  const believed = reports.filter((run) => run.status?.listedPoints !== undefined && isOfRepository(run, repository));
  const facts = { cluster, now };
  const oldestFirst = believed.sort((a, b) => reportedAtMs(a) - reportedAtMs(b));
  const told = oldestFirst.reduce<PointStatus>(
    (next, run) => (isMaintenance(run, repository) ? withMaintenance(next, run, facts) : withSession(next, run, facts)),
    status,
  );
  if (told === status || told.points === undefined) return status;
  const points = boundPoints(newestPoints(told.points), MAX_POINTS_LENGTH);
  const { pointsListedAt } = told;
  return {
    ...status,
    points,
    recoveryPoints: points.filter(({ complete }) => complete).length,
    ...(pointsListedAt !== undefined && { pointsListedAt }),
  };
}
