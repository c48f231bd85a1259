/** Phases of a BackupSession and of its targets, computed from recorded facts alone. */
import { ConditionType } from "../reasons.ts";
import { type ConditionFact, hasCondition, isConditionFalse, isConditionTrue } from "./conditions.ts";

export type TargetPhase = "Pending" | "Running" | "Succeeded" | "Failed";
export type SessionPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Skipped";

export interface HostFact {
  readonly hostname?: string;
  readonly phase?: string;
}

export interface TargetFacts {
  readonly totalHosts?: number;
  readonly stats?: readonly HostFact[];
  readonly conditions?: readonly ConditionFact[];
}

export interface SessionFacts {
  readonly conditions?: readonly ConditionFact[];
  /** Phases of the targets, in the invoker's order. */
  readonly targets: readonly TargetPhase[];
}

function countHosts(target: TargetFacts, phase: string): number {
  return target.stats?.filter((host) => host.phase === phase).length ?? 0;
}

function isHookOrExecutorFailed({ conditions }: TargetFacts): boolean {
  return (
    isConditionFalse(conditions, ConditionType.BackupExecutorEnsured) ||
    isConditionFalse(conditions, ConditionType.PreBackupHookExecutionSucceeded) ||
    isConditionFalse(conditions, ConditionType.PostBackupHookExecutionSucceeded) ||
    isConditionTrue(conditions, ConditionType.BackupDisrupted)
  );
}

const TARGET_RULES: readonly (readonly [TargetPhase, (target: TargetFacts) => boolean])[] = [
  ["Failed", isHookOrExecutorFailed],
  ["Pending", (target) => target.totalHosts === undefined],
  ["Running", (target) => countHosts(target, "Succeeded") + countHosts(target, "Failed") < (target.totalHosts ?? 0)],
  ["Failed", (target) => countHosts(target, "Failed") > 0],
  ["Succeeded", () => true],
];

/** @see reference table 3.5: first rule that matches */
export function backupTargetPhase(target: TargetFacts): TargetPhase {
  return TARGET_RULES.find(([, matches]) => matches(target))?.[0] ?? "Pending";
}

function isFinalTargetPhase(phase: TargetPhase): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function isAnyFalse(conditions: readonly ConditionFact[] | undefined, ...types: readonly ConditionType[]): boolean {
  return types.some((type) => isConditionFalse(conditions, type));
}

/** We only ever write True; upstream also writes False, and never touches such a session again. */
function isRecorded({ conditions }: SessionFacts): boolean {
  return hasCondition(conditions, ConditionType.MetricsPushed);
}

/**
 * | # | facts | phase |
 * |---|---|---|
 * | 1 | skipped | Skipped |
 * | 1a | ended by upstream, which could not push its metrics | Failed, as upstream said |
 * | 2 | final facts recorded, and deadline passed or a global hook failed | Failed |
 * | 3 | final facts recorded, and a target failed, or the repository could not be opened or is damaged | Failed |
 * | 4 | final facts recorded, all targets ended | Succeeded |
 * | 5 | final facts recorded with a target that never ended | Failed |
 * | 6 | no target started | Pending |
 * | 7 | otherwise | Running |
 *
 * Unlike upstream a failed metrics push, retention or clean-up never turns a good backup into a failed one: they stay
 * visible in their own conditions. `MetricsPushed` is the mark that everything was recorded.
 */
const SESSION_RULES: readonly (readonly [SessionPhase, (session: SessionFacts) => boolean])[] = [
  ["Skipped", ({ conditions }) => isConditionTrue(conditions, ConditionType.BackupSkipped)],
  ["Failed", ({ conditions }) => isConditionFalse(conditions, ConditionType.MetricsPushed)],
  [
    "Failed",
    (session) =>
      isRecorded(session) &&
      (isConditionTrue(session.conditions, ConditionType.DeadlineExceeded) ||
        isAnyFalse(
          session.conditions,
          ConditionType.GlobalPreBackupHookSucceeded,
          ConditionType.GlobalPostBackupHookSucceeded,
        )),
  ],
  [
    "Failed",
    (session) =>
      isRecorded(session) &&
      (session.targets.some((phase) => phase === "Failed") ||
        isAnyFalse(
          session.conditions,
          ConditionType.BackendRepositoryInitialized,
          ConditionType.RepositoryIntegrityVerified,
        )),
  ],
  [
    "Succeeded",
    (session) => isRecorded(session) && session.targets.length > 0 && session.targets.every(isFinalTargetPhase),
  ],
  ["Failed", isRecorded],
  [
    "Pending",
    (session) =>
      session.targets.every((phase) => phase === "Pending") &&
      !hasCondition(session.conditions, ConditionType.GlobalPreBackupHookSucceeded) &&
      !hasCondition(session.conditions, ConditionType.DeadlineExceeded),
  ],
  ["Running", () => true],
];

/** @see the table above SESSION_RULES, and docs/compatibility.md for where it differs from upstream */
export function backupSessionPhase(session: SessionFacts): SessionPhase {
  return SESSION_RULES.find(([, matches]) => matches(session))?.[0] ?? "Running";
}

export function isFinalSessionPhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Skipped";
}
