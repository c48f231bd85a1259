/** When a target is over: its hosts have ended, its after-hooks are done, and what they came to is recorded. Pure. */
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { reconcilerPart } from "../hooks/hook-plan.ts";
import { hooksOf, isHookOpen, isInterrupted, lastHook, MAX_HOOK_RUNS } from "../hooks/hook-records.ts";
import { isOpenHost } from "../run/entries.ts";
import { hostsOf, memberOf, type SessionView, type TargetStatus } from "./view.ts";

/** Whether the target was refused before it started. */
export function isRefused(target: TargetStatus): boolean {
  return isConditionFalse(target.conditions, ConditionType.BackupExecutorEnsured);
}

/** Whether the target's turn has come. */
export function isStarted(target: TargetStatus): boolean {
  return target.totalHosts !== undefined;
}

/**
 * Whether a host's after-hook is still to run:
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | no command for the reconciler to run | no |
 * | 2 | it has run, or was skipped by its policy | no |
 * | 3 | it was interrupted by restarts too often | no |
 * | 4 | there is a before-hook | if that started |
 * | 5 | there is none | if a pod ever had the host's turn |
 */
export function needsAfterHook(view: SessionView, target: TargetStatus, host: HostStats): boolean {
  const hooks = memberOf(view, target)?.hooks;
  if (reconcilerPart(hooks?.postBackup) === undefined) return false;
  const records = hooksOf(target.hooks, "postBackup", host.hostname);
  const last = records.at(-1);
  if (last !== undefined && !(isInterrupted(last) && records.length < MAX_HOOK_RUNS)) return false;
  if (reconcilerPart(hooks?.preBackup) !== undefined) {
    return lastHook(target.hooks, "preBackup", host.hostname) !== undefined;
  }
  return host.pod !== undefined;
}

/** Hooks of one type, those that the reconciler ran and those that agents ran. */
export function allHooks(target: TargetStatus, type: HookResult["type"]): readonly HookResult[] {
  const own = (target.hooks ?? []).filter((hook) => hook.type === type);
  return [...own, ...hostsOf(target).flatMap((host) => (host.hooks ?? []).filter((hook) => hook.type === type))];
}

function areHooksRecorded(target: TargetStatus): boolean {
  return (
    (allHooks(target, "preBackup").length === 0 ||
      hasCondition(target.conditions, ConditionType.PreBackupHookExecutionSucceeded)) &&
    (allHooks(target, "postBackup").length === 0 ||
      hasCondition(target.conditions, ConditionType.PostBackupHookExecutionSucceeded))
  );
}

/** Whether nothing of the target runs any more: what is left is to record the outcome. */
export function isQuiet(view: SessionView, target: TargetStatus): boolean {
  if (isRefused(target)) return true;
  if (!isStarted(target)) return false;
  const hosts = hostsOf(target);
  return (
    !hosts.some(isOpenHost) &&
    !(target.hooks ?? []).some(isHookOpen) &&
    !hosts.some((host) => needsAfterHook(view, target, host))
  );
}

export function isSettled(view: SessionView, target: TargetStatus): boolean {
  return isQuiet(view, target) && areHooksRecorded(target);
}
