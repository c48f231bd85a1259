/**
 * Which of the recovery points that were found a restore takes: that of a session, or the newest complete one at or before a
 * time. Pure.
 */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { ChosenRecoveryPoint } from "../../shared/api/recovery-point.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import type { RestoreInvokerView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { holdsMember, isNamed, type RepositoryPoint } from "../../shared/snapshots/recovery-points.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isTargetSaved } from "../../shared/status/saved-data.ts";
import { formatTarget, resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { selectForHost } from "../../shared/target/restore-rules.ts";
import { isJobMember, jobHosts } from "../jobs/host.ts";
import { hostnamesOf } from "../run/hosts.ts";
import type { Workloads } from "../run/world.ts";

export interface PointChoice {
  readonly invoker: Pick<RestoreInvokerView, "session" | "asOfMs" | "members" | "namespace">;
  readonly repository: Repository | undefined;
  /** uid of this cluster's kube-system; undefined until it is known. */
  readonly clusterId?: string | undefined;
  /** BackupSessions that still exist: they know what failed. */
  readonly sessions: readonly BackupSession[];
  readonly workloads: Workloads;
}

/** Another cluster's sessions may have the same names, and so may one that was deleted since. */
function sessionOf({ sessions, clusterId }: PointChoice, point: RepositoryPoint): BackupSession | undefined {
  if (point.cluster !== undefined && point.cluster !== clusterId) return undefined;
  return sessions.find(
    ({ metadata, spec }) =>
      metadata.namespace === point.namespace &&
      metadata.name === point.session &&
      // What was saved before it was due or made is an earlier one's.
      !(Date.parse(spec.dueTime ?? metadata.creationTimestamp ?? "") > Date.parse(point.time)),
  );
}

/** Without what the session itself knows to be incomplete: a host that failed leaves the snapshots of the others. */
function withoutFailed(choice: PointChoice, point: RepositoryPoint): RepositoryPoint {
  const session = sessionOf(choice, point);
  if (session === undefined) return point;
  const failed = (session.status?.targets ?? []).filter((target) => !isTargetSaved(target));
  const keys = failed.map(({ ref }) => targetKey(resolveTargetRef(ref, session.metadata.namespace)));
  return { ...point, snapshots: point.snapshots.filter(({ target }) => !keys.includes(targetKey(target))) };
}

/** Hosts that are known to want data. Nodes of a DaemonSet come and go; they are not among them. */
function knownHosts({ workloads }: PointChoice, member: RestoreMemberView): readonly string[] {
  if (isJobMember(member)) return jobHosts(member).map(({ hostname }) => hostname);
  const workload = workloads.get(targetKey(member.ref));
  if (workload === undefined || member.ref.kind === "DaemonSet") return [];
  return hostnamesOf(member.ref, member.alias, workload);
}

function hasHost(member: RestoreMemberView, hostname: string, point: RepositoryPoint): boolean {
  const host = { target: member.ref, alias: member.alias, hostname, podName: undefined };
  try {
    selectForHost(member.target.rules ?? [], host, point);
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return false;
  }
}

/** What the point has no data for: members, or single hosts of theirs. */
function missingParts(choice: PointChoice, point: RepositoryPoint): readonly string[] {
  return choice.invoker.members.flatMap((member) => {
    const name = member.alias ?? formatTarget(member.ref);
    if (!holdsMember(point, member)) return [name];
    const hosts = knownHosts(choice, member);
    const missing = hosts.filter((hostname) => !hasHost(member, hostname, point));
    if (missing.length === hosts.length && hosts.length > 0) return [name];
    return missing.map((hostname) => `host ${hostname} of ${name}`);
  });
}

function isRunning(choice: PointChoice, point: RepositoryPoint): boolean {
  const session = sessionOf(choice, point);
  return session !== undefined && !isFinalSessionPhase(session.status?.phase);
}

function isComplete(choice: PointChoice, point: RepositoryPoint): boolean {
  return !isRunning(choice, point) && missingParts(choice, point).length === 0;
}

function toChosen(point: RepositoryPoint): ChosenRecoveryPoint {
  const { namespace: ofSession, session, time, snapshots, unreadableFiles, cluster } = point;
  return {
    namespace: ofSession,
    ...(cluster !== undefined && { cluster }),
    session,
    time,
    ...(unreadableFiles !== undefined && { unreadableFiles }),
    snapshots: snapshots.map(({ target: { kind, name, namespace }, ...rest }) => ({
      target: { kind, name, namespace },
      ...rest,
    })),
  };
}

function nameOf({ invoker }: PointChoice, { namespace, session }: RepositoryPoint): string {
  return namespace === invoker.namespace ? session : `${namespace}/${session}`;
}

/** What there is to choose from, newest first. */
function listPoints(choice: PointChoice, points: readonly RepositoryPoint[]): string {
  const whole = points.filter((point) => isComplete(choice, point));
  if (whole.length === 0) return "there is none that holds all members";
  return `there are ${whole.map((point) => `${nameOf(choice, point)} of ${point.time}`).join(", ")}`;
}

function refuse(code: ErrorCode, message: string): never {
  throw new UserError(code, message);
}

/**
 * Points of one namespace: several may keep theirs in one repository, and a restore must not take the data of a neighbour whose
 * workloads have the same names. The restore's own namespace comes first, then the Repository's, then the only other one.
 *
 * @throws UserError RECOVERY_POINT_NOT_FOUND when several are left
 */
function ofOneNamespace(choice: PointChoice, points: readonly RepositoryPoint[]): readonly RepositoryPoint[] {
  const namespaces = [...new Set(points.map(({ namespace }) => namespace))];
  const own = [choice.invoker.namespace, choice.repository?.metadata.namespace];
  const preferred = own.find((namespace) => namespace !== undefined && namespaces.includes(namespace));
  if (preferred === undefined && namespaces.length > 1) {
    const list = namespaces.join(" and ");
    throw new UserError("RECOVERY_POINT_NOT_FOUND", `namespaces ${list} have recovery points in the repository`, {
      next: "Set spec.session to NAMESPACE/NAME.",
    });
  }
  const chosen = preferred ?? namespaces[0];
  return ofOneCluster(
    choice,
    points.filter(({ namespace }) => namespace === chosen),
  );
}

/**
 * Points of one cluster: those of this one and those that name none, else those of the only other one.
 *
 * @throws UserError RECOVERY_POINT_NOT_FOUND when several are left
 */
function ofOneCluster({ clusterId }: PointChoice, points: readonly RepositoryPoint[]): readonly RepositoryPoint[] {
  const own = points.filter(({ cluster }) => cluster === undefined || cluster === clusterId);
  if (own.length > 0) return own;
  const clusters = [...new Set(points.map(({ cluster }) => cluster))];
  if (clusters.length <= 1) return points;
  throw new UserError(
    "RECOVERY_POINT_NOT_FOUND",
    `${clusters.length} other clusters keep such points in the repository`,
    {
      next: "Name the snapshots by id in the rules.",
    },
  );
}

function chooseNamed(choice: PointChoice, points: readonly RepositoryPoint[], name: string): RepositoryPoint {
  const [chosen] = ofOneNamespace(
    choice,
    points.filter((point) => isNamed(point, name)),
  );
  if (chosen === undefined) {
    const what = `BackupSession ${name} has no snapshot in the repository`;
    refuse("RECOVERY_POINT_NOT_FOUND", `${what}; ${listPoints(choice, points)}`);
  }
  if (isRunning(choice, chosen)) refuse("RECOVERY_POINT_INCOMPLETE", `BackupSession ${name} has not ended`);
  const missing = missingParts(choice, chosen);
  if (missing.length > 0) {
    const what = `BackupSession ${name} did not save ${missing.join(", ")}`;
    refuse("RECOVERY_POINT_INCOMPLETE", `${what}; ${listPoints(choice, points)}`);
  }
  return chosen;
}

function chooseAsOf(choice: PointChoice, points: readonly RepositoryPoint[], asOfMs: number): RepositoryPoint {
  const complete = points.filter((point) => isComplete(choice, point));
  const chosen = ofOneNamespace(choice, complete).find(({ time }) => Date.parse(time) <= asOfMs);
  if (chosen === undefined) {
    const asOf = new Date(asOfMs).toISOString();
    const what = `no complete recovery point at or before ${asOf}`;
    refuse("RECOVERY_POINT_NOT_FOUND", `${what}; ${listPoints(choice, points)}`);
  }
  return chosen;
}

/**
 * Chooses the recovery point that `spec.session`, else `spec.asOf` asks for.
 *
 * @param found points in the repository, as the job that looked tells them
 * @throws UserError RECOVERY_POINT_NOT_FOUND or RECOVERY_POINT_INCOMPLETE, with what is missing and what there is
 */
export function chooseRecoveryPoint(choice: PointChoice, found: readonly RepositoryPoint[]): ChosenRecoveryPoint {
  const { session, asOfMs = Number.POSITIVE_INFINITY } = choice.invoker;
  const points = found
    .map((point) => withoutFailed(choice, point))
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  return toChosen(session === undefined ? chooseAsOf(choice, points, asOfMs) : chooseNamed(choice, points, session));
}
