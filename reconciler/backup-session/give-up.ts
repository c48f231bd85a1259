/** Targets and hosts that end without having run. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { formatTime } from "../../shared/status/conditions.ts";
import { hostFailure, isOpenHost, withExplanation, withTargetCondition } from "../run/entries.ts";
import { hostsOf, type SessionStatus, type TargetStatus, targetsOf } from "./view.ts";

/** A target that has not started and never will. */
export function withRefusal(target: TargetStatus, code: ErrorCode, message: string, now: Date): TargetStatus {
  const refused = withTargetCondition(
    target,
    {
      type: ConditionType.BackupExecutorEnsured,
      status: "False",
      reason: "FailedToEnsureBackupExecutor",
      message: `${code}: ${message}`,
    },
    now,
  );
  return withExplanation(refused, code, message);
}

/** Gives up everything that has not ended: hosts fail, targets that have not started never will. */
export function withEverythingFailed(
  status: SessionStatus,
  code: ErrorCode,
  message: string,
  now: Date,
): SessionStatus {
  const failure = hostFailure(code, message, formatTime(now));
  const targets = targetsOf(status).map((target) => {
    if (target.phase !== undefined && isFinalTargetPhase(target.phase)) return target;
    if (target.totalHosts === undefined) return withRefusal(target, code, message, now);
    const stats = hostsOf(target).map((host) => (isOpenHost(host) ? { ...host, ...failure } : host));
    return { ...target, stats };
  });
  return { ...status, targets };
}
