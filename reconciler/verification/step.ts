/** What the steps of a drill that has begun have in common. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import { isWithoutPod, type JobProblem, stuckOf } from "../jobs/of-target.ts";
import { type DrillDecision, LOOK_AGAIN_MS, wait } from "./decision.ts";
import { type DrillStatus, ending, withConditions } from "./status.ts";
import type { DrillJob, DrillView } from "./view.ts";

/** What a job told may come a moment later than its end. */
export const WORDS_MS = 10_000;
/** Between two tries to make something. */
const TRY_AGAIN_MS = 5_000;

export interface Step {
  readonly view: DrillView;
  readonly status: DrillStatus;
  readonly leftMs: number;
  readonly now: Date;
}

/** For jobs: they end with the drill. */
export function leftSeconds({ leftMs }: Step): number {
  return Math.max(1, Math.ceil(leftMs / 1_000));
}

export function tell({ view, now }: Step, status: DrillStatus): DrillDecision {
  return { kind: "tell", status: withConditions(status, view.drill, now) };
}

export function fail(step: Step, reason: ErrorCode, message: string, status = step.status): DrillDecision {
  return tell(step, ending(status, reason === "DRILL_NO_ROOM" ? "Skipped" : "Failed", { reason, message }, step.now));
}

/** Makes something, unless that was tried a moment ago. */
export function again({ view, leftMs }: Step, make: DrillDecision): DrillDecision {
  const { sinceTryMs, problem } = view;
  const waitMs = TRY_AGAIN_MS - (sinceTryMs ?? TRY_AGAIN_MS);
  return waitMs <= 0 ? make : wait(problem?.message ?? "what was made is not seen yet", Math.min(waitMs, leftMs));
}

/** Why a job that does not start is given up. */
export function whyStuck({ view, now }: Step, job: DrillJob): JobProblem | undefined {
  const end = stuckOf(job.outcome, now, view.podWaitMs);
  return end !== undefined && isWithoutPod(job.outcome) ? (view.problem ?? end) : end;
}

export function stuck(step: Step, job: DrillJob): DrillDecision | undefined {
  const why = whyStuck(step, job);
  return why && fail(step, why.code, why.message);
}

export function waitFor(step: Step, { outcome }: DrillJob): DrillDecision {
  const { now, status, leftMs } = step;
  const message =
    outcome.kind === "starting" && now.getTime() - outcome.sinceMs > WORDS_MS ? outcome.message : undefined;
  if (message !== undefined && message !== status.message) return tell(step, { ...status, message });
  return wait(message ?? "its job is at work", Math.min(LOOK_AGAIN_MS, leftMs));
}
