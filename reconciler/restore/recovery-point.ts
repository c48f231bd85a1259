/** Which recovery point a restore takes: that of a session, or the newest complete one at or before a time. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { ChosenRecoveryPoint } from "../../shared/api/recovery-point.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import type { RestoreInvokerView, RestoreMemberView } from "../../shared/invoker.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { formatTarget, resolveTargetRef } from "../../shared/target.ts";

type PointSnapshot = NonNullable<ChosenRecoveryPoint["snapshots"]>[number];

/** When the session was due, else when it was made. */
export function recoveryPointTime({ metadata, spec }: BackupSession): string {
  return spec.dueTime ?? metadata.creationTimestamp ?? "";
}

function snapshotsOf(session: BackupSession): readonly PointSnapshot[] {
  return (session.status?.targets ?? [])
    .filter(({ phase }) => phase === "Succeeded")
    .flatMap((target) =>
      (target.stats ?? []).flatMap((host) =>
        (host.snapshots ?? []).map(
          ({ name, path }): PointSnapshot => ({
            target: resolveTargetRef(target.ref, session.metadata.namespace),
            ...(host.hostname !== undefined && { hostname: host.hostname }),
            ...(path !== undefined && { path }),
            ...(name !== undefined && { id: name }),
          }),
        ),
      ),
    );
}

/** Whether the point holds data for a member: of its own target, or of a host that its alias or rules name. */
function holds(snapshots: readonly PointSnapshot[], member: RestoreMemberView): boolean {
  const sources = (member.target.rules ?? []).flatMap(({ sourceHost }) => (sourceHost ? [sourceHost] : []));
  return snapshots.some(({ target, hostname = "" }) => {
    if (sources.includes(hostname)) return true;
    if (member.alias !== undefined && (hostname === member.alias || hostname.startsWith(`${member.alias}-`)))
      return true;
    return target?.kind === member.ref.kind && target.name === member.ref.name;
  });
}

/** Members for which the session has nothing whole. */
function missingMembers(session: BackupSession, members: readonly RestoreMemberView[]): readonly string[] {
  const snapshots = snapshotsOf(session);
  return members
    .filter((member) => !holds(snapshots, member))
    .map((member) => member.alias ?? formatTarget(member.ref));
}

function pointOf(session: BackupSession): ChosenRecoveryPoint {
  return { session: session.metadata.name, time: recoveryPointTime(session), snapshots: snapshotsOf(session) };
}

/** What there is to choose from, newest first. */
function listPoints(sessions: readonly BackupSession[], members: readonly RestoreMemberView[]): string {
  const whole = newestFirst(sessions).filter((session) => missingMembers(session, members).length === 0);
  if (whole.length === 0) return "there is none that holds all members";
  const shown = whole.slice(0, 10).map((session) => `${session.metadata.name} of ${recoveryPointTime(session)}`);
  return `there are ${shown.join(", ")}`;
}

function newestFirst(sessions: readonly BackupSession[]): readonly BackupSession[] {
  return [...sessions].sort((a, b) => Date.parse(recoveryPointTime(b)) - Date.parse(recoveryPointTime(a)));
}

function refuse(code: ErrorCode, message: string): never {
  throw new UserError(code, message);
}

/**
 * Chooses the recovery point that `spec.session` or `spec.asOf` asks for.
 *
 * @param sessions sessions that backed up to the restore's Repository and still exist
 * @returns undefined when neither field is set
 * @throws UserError RECOVERY_POINT_NOT_FOUND or RECOVERY_POINT_INCOMPLETE, with what is missing and what there is
 */
export function chooseRecoveryPoint(
  restore: Pick<RestoreInvokerView, "session" | "asOfMs" | "members" | "namespace">,
  sessions: readonly BackupSession[],
): ChosenRecoveryPoint | undefined {
  const { session: name, asOfMs, members, namespace } = restore;
  const ended = sessions.filter(({ status }) => isFinalSessionPhase(status?.phase));
  if (name !== undefined) {
    const named = sessions.filter(({ metadata }) => metadata.name === name);
    const chosen = named.find(({ metadata }) => metadata.namespace === namespace) ?? named[0];
    if (chosen === undefined) {
      refuse("RECOVERY_POINT_NOT_FOUND", `BackupSession ${name} does not exist; ${listPoints(ended, members)}`);
    }
    if (!isFinalSessionPhase(chosen.status?.phase)) {
      refuse("RECOVERY_POINT_INCOMPLETE", `BackupSession ${name} has not ended`);
    }
    const missing = missingMembers(chosen, members);
    if (missing.length > 0) {
      const what = `BackupSession ${name} did not save ${missing.join(", ")}`;
      refuse("RECOVERY_POINT_INCOMPLETE", `${what}; ${listPoints(ended, members)}`);
    }
    return pointOf(chosen);
  }
  if (asOfMs === undefined) return undefined;
  const chosen = newestFirst(ended).find(
    (session) => Date.parse(recoveryPointTime(session)) <= asOfMs && missingMembers(session, members).length === 0,
  );
  if (chosen === undefined) {
    const asOf = new Date(asOfMs).toISOString();
    refuse(
      "RECOVERY_POINT_NOT_FOUND",
      `no complete recovery point at or before ${asOf}; ${listPoints(ended, members)}`,
    );
  }
  return pointOf(chosen);
}
