/** Members and hosts of a restore that end without having run. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime } from "../../shared/status/conditions.ts";
import { hostFailure, isOpenHost, withExplanation, withTargetCondition } from "../run/entries.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { hostsOf, type MemberStatus, targetsOf } from "./view.ts";

/** A member that has not started and never will. */
export function withRefusal(target: MemberStatus, code: ErrorCode, message: string, now: Date): MemberStatus {
  const refused = withTargetCondition(
    target,
    {
      type: ConditionType.RestoreExecutorEnsured,
      status: "False",
      reason: "FailedToEnsureRestoreExecutor",
      message: `${code}: ${message}`,
    },
    now,
  );
  return withExplanation(refused, code, message);
}

/** Gives up everything that has not ended. What was restored stays. */
export function withEverythingFailed(
  status: RestoreStatus,
  code: ErrorCode,
  message: string,
  now: Date,
): RestoreStatus {
  const failure = hostFailure(code, message, formatTime(now));
  const targets = targetsOf(status).map((target): MemberStatus => {
    if (target.totalHosts === undefined) return withRefusal(target, code, message, now);
    return { ...target, stats: hostsOf(target).map((host) => (isOpenHost(host) ? { ...host, ...failure } : host)) };
  });
  return { ...status, targets };
}
