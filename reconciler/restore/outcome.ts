/** How a restore went, from its recorded facts. Pure. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatRoundedDuration } from "../../shared/duration.ts";
import { ERRORS, isErrorCode } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import { resolveTargetRef } from "../../shared/target.ts";
import type { HostEntry, TargetEntry } from "../run/entries.ts";
import { runHosts } from "../run/run-facts.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { createdAtMs, type RestoreView, targetsOf } from "./view.ts";

/** First failure of a member: of a host, else of the member itself. */
export function memberFailure(target: TargetEntry): string | undefined {
  const host = runHosts(target).find(({ phase }) => phase === "Failed" || phase === "Unknown");
  if (host !== undefined) return `${host.hostname ?? "host"}: ${host.error ?? host.reason ?? "failed"}`;
  for (const type of [
    ConditionType.RestoreExecutorEnsured,
    ConditionType.PreRestoreHookExecutionSucceeded,
    ConditionType.PostRestoreHookExecutionSucceeded,
  ]) {
    if (isConditionFalse(target.conditions, type)) return findCondition(target.conditions, type)?.message ?? type;
  }
  return undefined;
}

/** First failure of the restore so far, or undefined. */
export function failureOf(status: RestoreStatus): string | undefined {
  if (isConditionTrue(status.conditions, ConditionType.DeadlineExceeded)) {
    return findCondition(status.conditions, ConditionType.DeadlineExceeded)?.message ?? "";
  }
  for (const type of [ConditionType.GlobalPreRestoreHookSucceeded, ConditionType.GlobalPostRestoreHookSucceeded]) {
    if (isConditionFalse(status.conditions, type)) return findCondition(status.conditions, type)?.message ?? "";
  }
  return targetsOf(status)
    .map(memberFailure)
    .find((failure) => failure !== undefined);
}

/** Whether a failed host gets another try by the restore's retryConfig. */
export function isHostRetryLeft(view: RestoreView, status: RestoreStatus, host: HostEntry): boolean {
  const { retry } = view.invoker;
  if (retry === undefined || host.phase !== "Failed" || (status.retries ?? 0) >= retry.maxRetry) return false;
  if (isConditionTrue(status.conditions, ConditionType.DeadlineExceeded)) return false;
  const { reason } = host;
  return reason === undefined || !isErrorCode(reason) || ERRORS[reason].retryable || reason === "RESTIC_FAILED";
}

/** @param target undefined for the whole restore */
export function restoreSummary(
  view: RestoreView,
  status: RestoreStatus,
  target: TargetEntry | undefined,
  now: Date,
): HookSummary {
  const { invoker } = view;
  const error = (target === undefined ? undefined : memberFailure(target)) ?? failureOf(status);
  const ref = target === undefined ? undefined : resolveTargetRef(target.ref, invoker.namespace);
  return {
    Name: invoker.name,
    Namespace: invoker.namespace,
    Invoker: { APIGroup: STASH_GROUP, Kind: invoker.kind, Name: invoker.name },
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
    RetryLeft: Math.max(0, (invoker.retry?.maxRetry ?? 0) - (status.retries ?? 0)),
  };
}
