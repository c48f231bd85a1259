/** Targets and hosts that end without having run. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isOver, isStarted } from "./completion.ts";
import { hostFailure, isOpenHost, type TargetEntry, withEntryCondition, withExplanation } from "./entries.ts";
import { type RunStatus, type RunWords, runHosts, runTargets } from "./facts.ts";

/** A target that has not started and never will. */
export function withRefusal<Target extends TargetEntry>(
  { executorEnsured }: RunWords,
  target: Target,
  code: ErrorCode,
  message: string,
  now: Date,
): Target {
  const { type, bad } = executorEnsured;
  const condition = { type, status: "False", reason: bad, message: `${code}: ${message}` } as const;
  return withExplanation(withEntryCondition(target, condition, now), code, message);
}

/** Gives up everything that has not ended: hosts fail, targets that have not started never will. What was done stays. */
export function withEverythingFailed<Status extends RunStatus>(
  words: RunWords,
  status: Status,
  code: ErrorCode,
  message: string,
  now: Date,
): Status {
  const failure = hostFailure(code, message, formatTime(now));
  const targets = runTargets(status).map((target): TargetEntry => {
    if (isOver(target)) return target;
    if (!isStarted(target)) return withRefusal(words, target, code, message, now);
    return { ...target, stats: runHosts(target).map((host) => (isOpenHost(host) ? { ...host, ...failure } : host)) };
  });
  return { ...status, targets };
}

/** Gives everything up because the time is over. */
export function withDeadlineExceeded<Status extends RunStatus>(
  words: RunWords,
  status: Status,
  message: string,
  now: Date,
): Status {
  const failed = withEverythingFailed(words, status, "DEADLINE_EXCEEDED", message, now);
  const type = ConditionType.DeadlineExceeded;
  return withEntryCondition(failed, { type, status: "True", reason: "FailedToCompleteWithinDeadline", message }, now);
}
