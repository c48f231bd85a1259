/** The target that jobs work on: whether it is there is told as a condition, and waited for. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever } from "../../shared/errors.ts";
import type { ConditionType } from "../../shared/reasons.ts";
import { formatTarget, type ResolvedTargetRef } from "../../shared/target/ref.ts";
import { sightOf, type TargetJob, type TargetSight } from "../jobs/of-target.ts";
import { isRefused } from "./completion.ts";
import { type EntryCondition, type TargetEntry, withEntryCondition } from "./entries.ts";
import type { RunWords } from "./facts.ts";
import { type MemberAnswer, withHold } from "./members.ts";

export interface SeenTarget {
  readonly sight: TargetSight;
  readonly message: string;
}

export interface JobTargetFacts {
  readonly ref: ResolvedTargetRef;
  readonly job: TargetJob;
  /** Whether a workload of this name is there. */
  readonly isWorkload: boolean;
  /** Whether the job makes the claims that it fills. */
  readonly makesClaims: boolean;
}

const WORKLOADS: readonly string[] = ["Deployment", "StatefulSet", "DaemonSet"];
const LOOKED_FOR: readonly string[] = [KINDS.AppBinding.kind, "PersistentVolumeClaim"];

/** @returns undefined while nobody has looked, and for what only its own Functions know */
export function seenTarget({ ref, job, isWorkload, makesClaims }: JobTargetFacts): SeenTarget | undefined {
  const name = formatTarget(ref);
  const sight = sightOf(job);
  if (makesClaims) return sight === "found" ? { sight, message: "its volume claims are made for it" } : undefined;
  if (WORKLOADS.includes(ref.kind)) {
    const isThere = isWorkload || sight === "found";
    return isThere
      ? { sight: "found", message: `${name} exists` }
      : { sight: "missing", message: `${name} does not exist` };
  }
  if (sight === undefined || !LOOKED_FOR.includes(ref.kind)) return undefined;
  return { sight, message: sight === "found" ? `${name} exists` : (job.problem?.message ?? name) };
}

export interface TargetWait<Own> {
  readonly words: RunWords;
  /** That the target is there. */
  readonly found: ConditionType;
  /** That its job is waited for: told anew when there is a target. */
  readonly executor: ConditionType;
  /** Of a target that does not exist yet, in the words of the kind of run. */
  readonly missing: { readonly reason: string; readonly limitMs: number };
  /** While the API server does not say. */
  readonly unknownLimitMs: number;
  readonly make: Own;
}

/**
 * | # | target | answer |
 * |---|---|---|
 * | 1 | not looked for | none |
 * | 2 | there | none; it is said |
 * | 3 | not there, or going | wait for it, then NOT_FOUND |
 * | 4 | the API server does not say | wait, then its words |
 *
 * @returns the target with what is known; an answer where its turn ends with that
 */
export function awaitTarget<Own>(
  target: TargetEntry,
  seen: SeenTarget | undefined,
  wait: TargetWait<Own>,
  now: Date,
): { readonly target: TargetEntry; readonly answer?: MemberAnswer<Own> } {
  if (seen === undefined) return { target };
  const { words, found, missing, make } = wait;
  const { sight, message } = seen;
  if (sight === "found") return { target: withEntryCondition(target, conditionOf(found, seen), now) };
  const condition = conditionOf(found, seen);
  const isMissing = sight === "missing";
  const hold = {
    condition,
    reason: isMissing ? missing.reason : condition.reason,
    message,
    code: isMissing ? "NOT_FOUND" : "JOB_REFUSED",
    limitMs: isMissing ? missing.limitMs : wait.unknownLimitMs,
  } as const;
  const held = withHold(words, withoutWait(target, wait.executor), hold, now);
  return { target: held, answer: { target: held, actions: isRefused(words, held) ? [] : [make] } };
}

function conditionOf(type: ConditionType, { sight, message }: SeenTarget): EntryCondition {
  switch (sight) {
    case "found":
      return { type, status: "True", reason: "TargetAvailable", message };
    case "missing":
      return { type, status: "False", reason: "TargetNotAvailable", message };
    case "unknown":
      return { type, status: "Unknown", reason: "UnableToCheckTargetAvailability", message };
    default:
      return assertNever(sight);
  }
}

/** The time that a job may take to start must not pass while there is nothing to work on. */
function withoutWait(target: TargetEntry, executor: ConditionType): TargetEntry {
  const { conditions = [] } = target;
  const kept = conditions.filter(({ type, status }) => type !== executor || status !== "Unknown");
  return kept.length === conditions.length ? target : { ...target, conditions: kept };
}
