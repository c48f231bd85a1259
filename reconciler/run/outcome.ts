/** How a run went, from its recorded facts: for hook policies and templates. Pure. */
import { formatRoundedDuration } from "../../shared/duration.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import type { TargetEntry } from "./entries.ts";
import { type RunFacts, type RunStatus, type RunWords, runHosts, runTargets } from "./facts.ts";

/** First failure of a target: of a host, else of the target itself. */
export function targetFailure(words: RunWords, target: TargetEntry): string | undefined {
  const host = runHosts(target).find(({ phase }) => phase === "Failed" || phase === "Unknown");
  if (host !== undefined) return `${host.hostname ?? "host"}: ${host.error ?? host.reason ?? "failed"}`;
  for (const { type } of [words.executorEnsured, words.beforeHook, words.afterHook]) {
    if (isConditionFalse(target.conditions, type)) return findCondition(target.conditions, type)?.message ?? type;
  }
  return undefined;
}

/** First failure of the run so far, or undefined. */
export function runFailure(words: RunWords, status: RunStatus): string | undefined {
  const { conditions } = status;
  if (isConditionTrue(conditions, ConditionType.DeadlineExceeded)) {
    return findCondition(conditions, ConditionType.DeadlineExceeded)?.message ?? "";
  }
  for (const type of words.failures) {
    if (isConditionFalse(conditions, type)) return findCondition(conditions, type)?.message ?? "";
  }
  for (const target of runTargets(status)) {
    const failure = targetFailure(words, target);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Whether a hook of the target's sees a failure. */
export function hasFailed(words: RunWords, status: RunStatus, target: TargetEntry): boolean {
  return (
    targetFailure(words, target) !== undefined || isConditionTrue(status.conditions, ConditionType.DeadlineExceeded)
  );
}

/**
 * What templates see.
 *
 * @param target undefined for a global hook, which sees the whole run
 */
export function runSummary<Status extends RunStatus>(
  { words, summary, refOf, retryLeft }: Pick<RunFacts<Status>, "words" | "summary" | "refOf" | "retryLeft">,
  status: Status,
  target: TargetEntry | undefined,
  now: Date,
): HookSummary {
  const error = (target === undefined ? undefined : targetFailure(words, target)) ?? runFailure(words, status);
  const { apiVersion = "", kind = "", name = "", namespace = "" } = target === undefined ? {} : refOf(target);
  return {
    Name: summary.name,
    Namespace: summary.namespace,
    Invoker: summary.invoker,
    Target: { APIVersion: apiVersion, Kind: kind, Name: name, Namespace: namespace },
    Status: {
      Phase: error === undefined ? "Succeeded" : "Failed",
      Duration: formatRoundedDuration(Math.max(0, now.getTime() - summary.createdAtMs)),
      Error: error ?? "",
    },
    RetryLeft: retryLeft(status),
  };
}
