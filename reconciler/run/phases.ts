/** Phases of a run and of its targets, from the recorded facts. Pure. */

import type { TargetEntry } from "./entries.ts";
import { type RunFacts, type RunStatus, runTargets } from "./run-facts.ts";
import { areHostsDone, isOver, isSettled } from "./settled.ts";

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
    const isHeldOpen = isEnded && (!isSettled(facts, target) || facts.isRetryOpen(status, target));
    const phase = isHeldOpen ? "Running" : computed;
    return phase === target.phase ? target : { ...target, phase };
  });
  const isChanged = targets.some((target, index) => target !== before[index]);
  const phased = isChanged ? { ...status, targets } : status;
  const phase = facts.runPhase(phased);
  return phase === status.phase ? phased : { ...phased, phase };
}
