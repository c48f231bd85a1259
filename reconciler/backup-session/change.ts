/** Pure changes of a session's status. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import type { CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import { backupSessionPhase, backupTargetPhase, isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { type ConditionStatus, withCondition } from "../../shared/status/conditions.ts";
import { withItem } from "../run/entries.ts";
import { isSettled } from "../run/settled.ts";
import { runFacts } from "./run-rows.ts";
import { hostsOf, type SessionStatus, type SessionView, type TargetStatus, targetsOf } from "./view.ts";

export function withTarget(
  status: SessionStatus,
  index: number,
  change: (target: TargetStatus) => TargetStatus,
): SessionStatus {
  return { ...status, targets: withItem(targetsOf(status), index, change) };
}

export function withHost(target: TargetStatus, index: number, change: (host: HostStats) => HostStats): TargetStatus {
  return { ...target, stats: withItem(hostsOf(target), index, change) };
}

export interface SessionCondition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: keyof typeof CONDITION_REASONS;
  readonly message: string;
}

export function withSessionCondition(status: SessionStatus, condition: SessionCondition, now: Date): SessionStatus {
  return { ...status, conditions: withCondition(status.conditions, condition, now) };
}

/**
 * Phases from the recorded facts. A target's phase is final only when its after-hooks are done too, and then stays: an
 * edit of the invoker can't open it again.
 */
export function withPhases(view: SessionView, status: SessionStatus): SessionStatus {
  const facts = runFacts(view);
  const before = targetsOf(status);
  const targets = before.map((target): TargetStatus => {
    if (target.phase !== undefined && isFinalTargetPhase(target.phase)) return target;
    const computed = backupTargetPhase(target);
    const isHeldOpen = isFinalTargetPhase(computed) && !isSettled(facts, target);
    const phase = isHeldOpen ? "Running" : computed;
    return phase === target.phase ? target : { ...target, phase };
  });
  const phase = backupSessionPhase({
    targets: targets.map((target) => target.phase ?? "Pending"),
    ...(status.conditions !== undefined && { conditions: status.conditions }),
  });
  const isChanged = targets.some((target, index) => target !== before[index]);
  return isChanged || phase !== status.phase ? { ...status, ...(isChanged && { targets }), phase } : status;
}
