/** Texts and conditions in the status of a drill. Pure. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { VerificationPhase, VerificationStep } from "../../shared/api/closed-lists.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { withCondition } from "../../shared/status/conditions.ts";
import { runReadiness, withReadiness } from "../../shared/status/readiness.ts";
import { formatTime } from "../../shared/timestamps.ts";

export type DrillStatus = NonNullable<BackupVerificationSession["status"]>;
type Phase = VerificationPhase;

export function isFinalDrill({ status }: Pick<BackupVerificationSession, "status">): boolean {
  const phase = status?.phase;
  return phase === "Succeeded" || phase === "Failed" || phase === "Skipped";
}

/** A status with the conditions that follow from it. */
export function withConditions(
  status: DrillStatus,
  { metadata }: Pick<BackupVerificationSession, "metadata">,
  now: Date,
): DrillStatus {
  const { phase, message } = status;
  const ready = withReadiness(status.conditions, runReadiness({ phase, message }), metadata.generation, now);
  const outcome = provenOutcome(status);
  const conditions =
    outcome === undefined
      ? ready
      : withCondition(
          ready,
          {
            type: ConditionType.RecoveryProven,
            ...outcome,
            message: message ?? "",
            observedGeneration: metadata.generation ?? 0,
          },
          now,
        );
  return { ...status, observedGeneration: metadata.generation ?? 0, conditions };
}

function provenOutcome({ phase }: DrillStatus) {
  if (phase === "Succeeded") return { status: "True", reason: "RecoveryPointRestored" } as const;
  if (phase === "Failed") return { status: "False", reason: "RecoveryPointNotRestored" } as const;
  return undefined;
}

/** From here on all that the drill made is removed; how it ends is written down first. */
export function ending(
  status: DrillStatus,
  outcome: Phase,
  words: { readonly reason?: string | undefined; readonly message: string },
  now: Date,
): DrillStatus {
  const { reason: _, ...rest } = status;
  return {
    ...rest,
    phase: VerificationPhase.Running,
    step: VerificationStep.Cleaning,
    stepStartTime: formatTime(now),
    outcome,
    ...(words.reason !== undefined && { reason: words.reason }),
    message: words.message,
  };
}

/** How long what a drill made may stay once it was told to go. Then it is said who is left, and other drills have their turn. */
const CLEAN_LIMIT_MS = 10 * 60_000;
const MOST_NAMED = 3;

/**
 * How the drill ends though something of it is still there: a finalizer or somebody's pod holds it, and it goes with that.
 *
 * @param status as if all were gone
 * @returns undefined while it may still go
 */
export function endedWithLeft(status: DrillStatus, left: readonly string[], now: Date): DrillStatus | undefined {
  if (now.getTime() - Date.parse(status.stepStartTime ?? "") < CLEAN_LIMIT_MS) return undefined;
  const more = left.length > MOST_NAMED ? ` and ${left.length - MOST_NAMED} more` : "";
  const what = `${left.slice(0, MOST_NAMED).join(", ")}${more}`;
  const words = `still there after ${CLEAN_LIMIT_MS / 60_000} minutes: ${what} (next: kubectl describe them; a finalizer or a pod holds them)`;
  return { ...status, message: status.message === undefined ? words : `${status.message}; ${words}` };
}

/** All that was made is gone. */
export function ended(status: DrillStatus, now: Date): DrillStatus {
  const phase = status.outcome ?? VerificationPhase.Failed;
  return { ...status, phase, step: VerificationStep.Done, completionTime: formatTime(now) };
}
