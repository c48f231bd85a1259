/** What people ask of a session, from its status. Pure. */
import type { BackupSession, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import { ERRORS, isErrorCode } from "../../shared/errors.ts";
import { ConditionType, SKIP_REASONS } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";

export interface Failure {
  /** Error code or reason of a condition; undefined where none was told. */
  readonly code: string | undefined;
  /** Which member it was, where it was one. */
  readonly member: string | undefined;
  readonly message: string;
}

/** Conditions of a session that make it a failed one, in the order in which they come about. */
const GOOD_CONDITIONS = [
  ConditionType.BackendRepositoryInitialized,
  ConditionType.GlobalPreBackupHookSucceeded,
  ConditionType.RepositoryIntegrityVerified,
  ConditionType.GlobalPostBackupHookSucceeded,
] as const;

const TARGET_CONDITIONS = [
  ConditionType.BackupExecutorEnsured,
  ConditionType.PreBackupHookExecutionSucceeded,
  ConditionType.PostBackupHookExecutionSucceeded,
] as const;

export function memberName({ alias, ref }: Pick<BackupTargetStatus, "alias" | "ref">): string {
  return alias ?? ref?.name ?? "?";
}

/** First failure of the session: of a host, of a member, else of the whole. Undefined where nothing failed. */
export function failureOf({ status }: BackupSession): Failure | undefined {
  const conditions = status?.conditions;
  if (isConditionTrue(conditions, ConditionType.BackupSkipped)) {
    const { reason, message = "" } = findCondition(conditions, ConditionType.BackupSkipped) ?? {};
    return { code: skipReasonIn(message) ?? reason, member: undefined, message };
  }
  for (const target of status?.targets ?? []) {
    const failure = targetFailure(target);
    if (failure !== undefined) return failure;
  }
  if (isConditionTrue(conditions, ConditionType.DeadlineExceeded)) {
    const message = findCondition(conditions, ConditionType.DeadlineExceeded)?.message ?? "it took too long";
    return { code: "DEADLINE_EXCEEDED", member: undefined, message };
  }
  for (const type of GOOD_CONDITIONS) {
    if (!isConditionFalse(conditions, type)) continue;
    const { reason, message } = findCondition(conditions, type) ?? {};
    return { code: reason, member: undefined, message: message ?? type };
  }
  return undefined;
}

/** The message of a skipped session begins with its reason. */
function skipReasonIn(message: string): string | undefined {
  return Object.keys(SKIP_REASONS).find((reason) => message.startsWith(`${reason}:`));
}

function targetFailure(target: BackupTargetStatus): Failure | undefined {
  const member = memberName(target);
  const host = (target.stats ?? []).find(({ phase }) => phase === "Failed");
  if (host !== undefined) {
    return { code: host.reason ?? target.reason, member, message: host.error ?? host.reason ?? "failed" };
  }
  const type = TARGET_CONDITIONS.find((one) => isConditionFalse(target.conditions, one));
  if (target.phase !== "Failed" && type === undefined) return undefined;
  const condition = type === undefined ? undefined : findCondition(target.conditions, type);
  return {
    code: target.reason ?? condition?.reason,
    member,
    message: target.message ?? condition?.message ?? "failed",
  };
}

/** What the table of errors says to do next; undefined for what is in no table. */
export function nextStepOf(failure: Failure | undefined): string | undefined {
  const code = failure?.code;
  return code !== undefined && isErrorCode(code) ? ERRORS[code].next : undefined;
}

/** Bytes that were saved of a member. */
export function savedBytes({ stats }: Pick<BackupTargetStatus, "stats">): number {
  return (stats ?? [])
    .flatMap(({ snapshots }) => snapshots ?? [])
    .reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
}

/** When the session was due, or was made: the time of its recovery point. */
export function pointTime({ spec, metadata }: BackupSession): string | undefined {
  return spec.dueTime ?? metadata.creationTimestamp;
}

/** `2/3`: members that succeeded, of all. */
export function memberCount(members: readonly { readonly phase?: string }[] | undefined): string {
  const all = members ?? [];
  return all.length === 0 ? "-" : `${all.filter(({ phase }) => phase === "Succeeded").length}/${all.length}`;
}
