/** Phases of a RestoreSession or RestoreBatch and of its members, computed from recorded facts alone. */
import { ConditionType } from "../reasons.ts";
import type { TargetFacts } from "./backup-phase.ts";
import { type ConditionFact, hasCondition, isConditionFalse, isConditionTrue } from "./conditions.ts";

export type RestoreMemberPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
export type RestorePhase = RestoreMemberPhase | "Invalid";

export interface RestoreFacts {
  readonly conditions?: readonly ConditionFact[];
  /** Phases of the members, in order; a RestoreSession has one. */
  readonly members: readonly RestoreMemberPhase[];
}

function countHosts(member: TargetFacts, ...phases: readonly string[]): number {
  return member.stats?.filter((host) => phases.includes(host.phase ?? "")).length ?? 0;
}

function isHookOrExecutorFailed({ conditions }: TargetFacts): boolean {
  return (
    isConditionFalse(conditions, ConditionType.RestoreExecutorEnsured) ||
    isConditionFalse(conditions, ConditionType.PreRestoreHookExecutionSucceeded) ||
    isConditionFalse(conditions, ConditionType.PostRestoreHookExecutionSucceeded)
  );
}

const MEMBER_RULES: readonly (readonly [RestoreMemberPhase, (member: TargetFacts) => boolean])[] = [
  ["Failed", isHookOrExecutorFailed],
  [
    "Pending",
    (member) =>
      member.totalHosts === undefined || isConditionFalse(member.conditions, ConditionType.RestoreTargetFound),
  ],
  ["Running", (member) => countHosts(member, "Succeeded", "Failed", "Unknown") < (member.totalHosts ?? 0)],
  ["Unknown", (member) => countHosts(member, "Unknown") > 0],
  ["Failed", (member) => countHosts(member, "Failed") > 0],
  ["Succeeded", () => true],
];

/** @see reference table 3.10: first rule that matches */
export function restoreMemberPhase(member: TargetFacts): RestoreMemberPhase {
  return MEMBER_RULES.find(([, matches]) => matches(member))?.[0] ?? "Pending";
}

/**
 * As upstream's tables 3.10 and 3.11, with one difference: no phase is final before `MetricsPushed` says that hooks
 * ran and everything was recorded.
 */
const RESTORE_RULES: readonly (readonly [RestorePhase, (restore: RestoreFacts) => boolean])[] = [
  ["Invalid", ({ conditions }) => isConditionFalse(conditions, ConditionType.ValidationPassed)],
  ["Failed", ({ conditions }) => isConditionFalse(conditions, ConditionType.MetricsPushed)],
  [
    "Failed",
    (restore) =>
      isRecorded(restore) &&
      (isConditionTrue(restore.conditions, ConditionType.DeadlineExceeded) ||
        isConditionFalse(restore.conditions, ConditionType.GlobalPreRestoreHookSucceeded) ||
        isConditionFalse(restore.conditions, ConditionType.GlobalPostRestoreHookSucceeded) ||
        restore.members.some((phase) => phase === "Failed")),
  ],
  ["Unknown", (restore) => isRecorded(restore) && restore.members.some((phase) => phase === "Unknown")],
  [
    "Succeeded",
    (restore) => isRecorded(restore) && restore.members.length > 0 && restore.members.every((p) => p === "Succeeded"),
  ],
  ["Failed", isRecorded],
  ["Pending", (restore) => restore.members.every((phase) => phase === "Pending")],
  ["Running", () => true],
];

/** We only ever write True; upstream also writes False, and never touches such a restore again. */
function isRecorded({ conditions }: RestoreFacts): boolean {
  return hasCondition(conditions, ConditionType.MetricsPushed);
}

/** @see the comment above RESTORE_RULES */
export function restorePhase(restore: RestoreFacts): RestorePhase {
  return RESTORE_RULES.find(([, matches]) => matches(restore))?.[0] ?? "Running";
}

export function isFinalRestorePhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Unknown" || phase === "Invalid";
}
