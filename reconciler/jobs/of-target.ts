/** What the jobs of one target are now, and what follows from that for its turn. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import type { JobOutcome } from "./decide.ts";

/** Why a target's job can't be made. */
export interface JobProblem {
  readonly code: ErrorCode;
  readonly message: string;
  /** It may pass by itself, as a quota that is used up: it is tried again until the wait is over. */
  readonly isPassing?: boolean;
  /** What was seen of the target; undefined when nobody looked. */
  readonly target?: TargetSight;
}

/** A quota has no room, or asks for what is not said: whoever waits for none has its words. */
export function isFullQuota(words: string): boolean {
  return /exceeded quota|failed quota/i.test(words);
}

/** Whether a target is there; unknown when the API server did not say. */
export type TargetSight = "found" | "missing" | "unknown";

/** Whether there is something new to decide on. */
export function isNews(before: JobProblem | undefined, after: JobProblem | undefined): boolean {
  return after !== undefined && after.message !== before?.message;
}

export interface JobName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Jobs of a target, one a host. */
export interface TargetJob {
  readonly problem: JobProblem | undefined;
  /** Outcome is undefined while there is no job. */
  readonly hosts: readonly {
    readonly hostname: string;
    readonly job?: JobName | undefined;
    readonly outcome: JobOutcome | undefined;
  }[];
}

/** By position of the target. */
export type TargetJobs = ReadonlyMap<number, TargetJob>;

export type JobStart =
  | { readonly kind: "make"; readonly problem: JobProblem | undefined }
  | { readonly kind: "refuse"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "hold"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "hosts"; readonly hostnames: readonly string[] };

/**
 * What is known of the target itself: a job was made when it was there, and one that runs has it. Undefined before the first look.
 */
export function sightOf({ problem, hosts }: TargetJob): TargetSight | undefined {
  const isAtWork = hosts.some(({ outcome }) => outcome !== undefined && outcome.kind !== "starting");
  if (isAtWork) return "found";
  return problem?.target ?? (hosts.some(({ outcome }) => outcome !== undefined) ? "found" : undefined);
}

/**
 * | # | jobs of the target at its turn | answer |
 * |---|---|---|
 * | 1 | one is missing, and can't be made | refuse |
 * | 2 | one is missing, or has no pod | make it, or learn why it has none |
 * | 3 | each has ended | refuse, with what the first came to |
 * | 4 | one runs | its hosts |
 * | 5 | otherwise | hold, with what they wait for |
 */
export function decideJobStart({ problem, hosts }: TargetJob): JobStart {
  const outcomes = hosts.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]));
  // Those that are there need no plan any more.
  const isMissing = outcomes.length < hosts.length;
  if (isMissing && problem !== undefined && problem.isPassing !== true) return { kind: "refuse", ...problem };
  const first = outcomes[0];
  if (first === undefined || isMissing || outcomes.some(isWithoutPod)) {
    return { kind: "make", problem };
  }
  if (outcomes.every((outcome) => endOf(outcome) !== undefined)) {
    return { kind: "refuse", ...(endOf(first) ?? NO_RESULT) };
  }
  if (outcomes.some(({ kind }) => kind === "running")) {
    return { kind: "hosts", hostnames: hosts.map(({ hostname }) => hostname) };
  }
  const starting = outcomes.find((outcome) => outcome.kind === "starting");
  return starting === undefined
    ? { kind: "hold", code: "CONTAINER_NOT_STARTED", message: "the job is being started" }
    : { kind: "hold", code: starting.code, message: starting.message };
}

export function isWithoutPod(outcome: JobOutcome): boolean {
  return outcome.kind === "starting" && outcome.code === "EXECUTOR_LOST";
}

const NO_RESULT: JobProblem = { code: "JOB_FAILED", message: "the job ended without a result" };

/** Why a host whose job is this has failed, unless it has reported something itself; undefined while it may go on. */
export function endOf(outcome: JobOutcome | undefined): JobProblem | undefined {
  switch (outcome?.kind) {
    case "failed":
      return { code: outcome.code, message: outcome.message };
    case "complete":
      return NO_RESULT;
    default:
      return undefined;
  }
}

/**
 * Why a job is given up whose container does not start: a later one of it may find that too.
 *
 * @param waitMs longest wait of a container that can't start
 */
export function stuckOf(outcome: JobOutcome | undefined, now: Date, waitMs: number): JobProblem | undefined {
  const isStuck = outcome?.kind === "starting" && now.getTime() - outcome.sinceMs >= waitMs;
  return isStuck ? { code: outcome.code, message: outcome.message } : undefined;
}
