/** When a target is over: its hosts have ended, its after-hooks are done, and what they came to is recorded. Its phase follows. Pure. */
import type { HookResult } from "../../shared/api/hook-result.ts";
import { hasCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { isHookOpen } from "../hooks/records.ts";
import { type HostEntry, isOpenHost, type TargetEntry } from "./entries.ts";
import { type RunFacts, type RunStatus, type RunWords, runHosts, runTargets } from "./facts.ts";
import { dueAfterHook } from "./owed-hooks.ts";

/** Whether the target was refused before it started. */
export function isRefused(words: RunWords, target: TargetEntry): boolean {
  return isConditionFalse(target.conditions, words.executorEnsured.type);
}

/** Whether the target's turn has come. */
export function isStarted(target: TargetEntry): boolean {
  return target.totalHosts !== undefined;
}

/** Whether a host's after-hook is still to run. */
export function needsAfterHook<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  host: HostEntry,
): boolean {
  return dueAfterHook(facts, target, host) !== undefined;
}

/** Hooks of one type, those that the reconciler ran and those that agents ran. */
export function allHooks(target: TargetEntry, type: HookResult["type"]): readonly HookResult[] {
  const own = (target.hooks ?? []).filter((hook) => hook.type === type);
  const agents = runHosts(target).flatMap((host) =>
    (host.hooks ?? [])
      .filter((hook) => hook.type === type)
      .map((hook): HookResult => (host.hostname === undefined ? hook : { ...hook, hostname: host.hostname })),
  );
  return [...own, ...agents];
}

function areHooksRecorded(words: RunWords, target: TargetEntry): boolean {
  const isRecorded = (type: HookResult["type"], condition: RunWords["beforeHook"]): boolean =>
    allHooks(target, type).length === 0 || hasCondition(target.conditions, condition.type);
  return isRecorded(words.before, words.beforeHook) && isRecorded(words.after, words.afterHook);
}

const FINAL_PHASES: readonly (string | undefined)[] = ["Succeeded", "Failed", "Unknown"];

/** Whether the run is at work, or was. */
export function isBegun(status: Pick<RunStatus, "startTime">): boolean {
  return status.startTime !== undefined;
}

/** Whether the target's phase is final. */
export function isOver({ phase }: Pick<TargetEntry, "phase">): boolean {
  return FINAL_PHASES.includes(phase);
}

export function areTargetsOver(status: RunStatus): boolean {
  return runTargets(status).every(isOver);
}

/** Whether all hosts of the target are known and have ended; also of one that was refused before it had any. */
function areHostsDone(target: TargetEntry): boolean {
  const hosts = runHosts(target);
  return hosts.length >= (target.totalHosts ?? 0) && !hosts.some(isOpenHost);
}

/** Whether nothing of the target runs any more: what is left is to record the outcome. */
export function isQuiet<Status extends RunStatus>(facts: RunFacts<Status>, target: TargetEntry): boolean {
  if (isRefused(facts.words, target)) return true;
  if (!isStarted(target)) return false;
  return (
    areHostsDone(target) &&
    !(target.hooks ?? []).some(isHookOpen) &&
    !runHosts(target).some((host) => needsAfterHook(facts, target, host))
  );
}

function isComplete<Status extends RunStatus>(facts: RunFacts<Status>, target: TargetEntry): boolean {
  return isQuiet(facts, target) && areHooksRecorded(facts.words, target);
}

/**
 * A target's phase is final only when its after-hooks are done too and no host is tried again. Then it stays, unless a DaemonSet gets
 * one host more: an edit of the invoker can't open it again.
 */
export function withPhases<Status extends RunStatus>(facts: RunFacts<Status>, status: Status): Status {
  const before = runTargets(status);
  const targets = before.map((target): TargetEntry => {
    const computed = facts.targetPhase(target);
    const isEnded = isOver({ phase: computed });
    if (isEnded && isOver(target) && areHostsDone(target)) return target;
    const isHeldOpen = isEnded && (!isComplete(facts, target) || facts.isRetryOpen(status, target));
    const phase = isHeldOpen ? "Running" : computed;
    return phase === target.phase ? target : { ...target, phase };
  });
  const isChanged = targets.some((target, index) => target !== before[index]);
  const phased = isChanged ? { ...status, targets } : status;
  const phase = facts.runPhase(phased);
  return phase === status.phase ? phased : { ...phased, phase };
}
