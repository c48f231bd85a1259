/** Whether a session that failed is tried again, from its recorded facts. Pure. */
import { ERRORS, type ErrorCode, isErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import { targetFailure } from "../run/outcome.ts";
import { runHosts, runTargets } from "../run/run-facts.ts";
import type { SessionStatus, SessionView } from "./view.ts";
import { BACKUP_WORDS } from "./words.ts";

/** Codes that the table calls hopeless, but whose causes often pass by themselves. */
const WORTH_ANOTHER_TRY: ReadonlySet<ErrorCode> = new Set(["HOOK_FAILED", "RESTIC_FAILED", "DUMP_FAILED", "INTERNAL"]);

/** Error codes of everything that failed; undefined stands for a failure without a code. */
function failureCodes(status: SessionStatus): readonly (string | undefined)[] {
  const global = [
    isConditionTrue(status.conditions, ConditionType.DeadlineExceeded) ? ["DEADLINE_EXCEEDED"] : [],
    isConditionFalse(status.conditions, ConditionType.RepositoryIntegrityVerified) ? ["REPOSITORY_DAMAGED"] : [],
    isConditionFalse(status.conditions, ConditionType.GlobalPostBackupHookSucceeded) ? ["HOOK_FAILED"] : [],
  ].flat();
  const targets = runTargets(status).flatMap((target) => {
    const hosts = runHosts(target).filter((host) => host.phase === "Failed");
    if (hosts.length > 0) return hosts.map((host) => host.reason);
    return targetFailure(BACKUP_WORDS, target) === undefined ? [] : [target.reason || undefined];
  });
  return [...global, ...targets];
}

/**
 * Whether another session will try again: the invoker says so, tries are left, and at least one failure may pass by
 * itself. Only when every failure is one that a repetition can't change (a wrong password, say) none follows.
 */
export function isRetryToFollow(view: SessionView, status: SessionStatus): boolean {
  const isWanted = view.invoker?.view.retry !== undefined && !view.invoker.view.isBeingDeleted;
  if (!isWanted || (view.object.spec.retryLeft ?? 0) <= 0) return false;
  return failureCodes(status).some((code) => {
    if (code === undefined || !isErrorCode(code)) return true;
    return ERRORS[code].retryable || WORTH_ANOTHER_TRY.has(code);
  });
}
