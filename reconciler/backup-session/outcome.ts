/** How a session went, from its recorded facts: for hook policies, templates, and the choice to try again. Pure. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatRoundedDuration } from "../../shared/duration.ts";
import { ERRORS, type ErrorCode, isErrorCode } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import type { TargetEntry } from "../run/entries.ts";
import { runHosts } from "../run/run-facts.ts";
import { createdAtMs, hostsOf, type SessionStatus, type SessionView, targetRef, targetsOf } from "./view.ts";

/** Codes that the table calls hopeless, but whose causes often pass by themselves. */
const WORTH_ANOTHER_TRY: ReadonlySet<ErrorCode> = new Set(["HOOK_FAILED", "RESTIC_FAILED", "DUMP_FAILED", "INTERNAL"]);

/** First failure of a target: of a host, else of the target itself. */
export function targetFailure(target: TargetEntry): string | undefined {
  const host = runHosts(target).find((entry) => entry.phase === "Failed");
  if (host !== undefined) return `${host.hostname ?? "host"}: ${host.error ?? host.reason ?? "failed"}`;
  for (const type of [
    ConditionType.BackupExecutorEnsured,
    ConditionType.PreBackupHookExecutionSucceeded,
    ConditionType.PostBackupHookExecutionSucceeded,
  ]) {
    if (isConditionFalse(target.conditions, type)) return findCondition(target.conditions, type)?.message ?? type;
  }
  return undefined;
}

/** First failure of the session, or undefined when nothing failed so far. */
export function failureOf(status: SessionStatus): string | undefined {
  if (isConditionTrue(status.conditions, ConditionType.DeadlineExceeded)) {
    return findCondition(status.conditions, ConditionType.DeadlineExceeded)?.message ?? "";
  }
  for (const type of [
    ConditionType.GlobalPreBackupHookSucceeded,
    ConditionType.BackendRepositoryInitialized,
    ConditionType.RepositoryIntegrityVerified,
    ConditionType.GlobalPostBackupHookSucceeded,
  ]) {
    if (isConditionFalse(status.conditions, type)) return findCondition(status.conditions, type)?.message ?? "";
  }
  for (const target of targetsOf(status)) {
    const failure = targetFailure(target);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Error codes of everything that failed; undefined stands for a failure without a code. */
function failureCodes(status: SessionStatus): readonly (string | undefined)[] {
  const global = [
    isConditionTrue(status.conditions, ConditionType.DeadlineExceeded) ? ["DEADLINE_EXCEEDED"] : [],
    isConditionFalse(status.conditions, ConditionType.RepositoryIntegrityVerified) ? ["REPOSITORY_DAMAGED"] : [],
    isConditionFalse(status.conditions, ConditionType.GlobalPostBackupHookSucceeded) ? ["HOOK_FAILED"] : [],
  ].flat();
  const targets = targetsOf(status).flatMap((target) => {
    const hosts = hostsOf(target).filter((host) => host.phase === "Failed");
    if (hosts.length > 0) return hosts.map((host) => host.reason);
    return targetFailure(target) === undefined ? [] : [target.reason || undefined];
  });
  return [...global, ...targets];
}

/**
 * Whether another session will try again: the invoker says so, tries are left, and at least one failure may pass by
 * itself. Only when every failure is one that a repetition can't change (a wrong password, say) none follows.
 */
export function isRetryToFollow(view: SessionView, status: SessionStatus): boolean {
  const isWanted = view.invoker?.view.retry !== undefined && !view.invoker.view.isBeingDeleted;
  if (!isWanted || (view.session.spec.retryLeft ?? 0) <= 0) return false;
  return failureCodes(status).some((code) => {
    if (code === undefined || !isErrorCode(code)) return true;
    return ERRORS[code].retryable || WORTH_ANOTHER_TRY.has(code);
  });
}

/**
 * What templates see.
 *
 * @param target undefined for a global hook, which sees the whole session
 */
export function sessionSummary(
  view: SessionView,
  status: SessionStatus,
  target: TargetEntry | undefined,
  now: Date,
): HookSummary {
  const { metadata, spec } = view.session;
  const error = (target === undefined ? undefined : targetFailure(target)) ?? failureOf(status);
  const ref = target === undefined ? undefined : targetRef(view, target);
  return {
    Name: metadata.name,
    Namespace: metadata.namespace,
    Invoker: {
      APIGroup: spec.invoker?.apiGroup ?? STASH_GROUP,
      Kind: spec.invoker?.kind ?? "",
      Name: spec.invoker?.name ?? "",
    },
    Target: {
      APIVersion: ref?.apiVersion ?? "",
      Kind: ref?.kind ?? "",
      Name: ref?.name ?? "",
      Namespace: ref?.namespace ?? "",
    },
    Status: {
      Phase: error === undefined ? "Succeeded" : "Failed",
      Duration: formatRoundedDuration(Math.max(0, now.getTime() - createdAtMs(view))),
      Error: error ?? "",
    },
    RetryLeft: spec.retryLeft ?? 0,
  };
}
