/** Hooks of the whole run, which run in a Job of its namespace. Pure. */
import type { Handler } from "../../shared/api/hooks.ts";
import { hasHandler, hookTimeoutMs } from "../../shared/hooks/parts.ts";
import { whyAfterHookSkipped } from "../../shared/hooks/policy.ts";
import { hasCondition, withCondition } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { GLOBAL_TARGET } from "../hooks/owed.ts";
import { hookKey, hooksOf, isHookOpen, isToRepeat, lastHook, withIntent, withSkipped } from "../hooks/records.ts";
import { withEverythingFailed } from "./abort.ts";
import { areTargetsOver } from "./completion.ts";
import type { ConditionWords, RunFacts, RunStatus, RunStep } from "./facts.ts";
import { GLOBAL_PLACE } from "./member-hooks.ts";
import { runFailure, runSummary } from "./outcome.ts";

function run<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  side: "before" | "after",
  handler: Handler,
  now: Date,
): RunStep<Status> {
  const { after, afterPolicy } = facts.globalHooks;
  const isOwed = side === "before" && hasHandler(after);
  return {
    status: { ...status, hooks: withIntent(status.hooks, facts.words[side], facts.hookRuns.runner, undefined, now) },
    hook: {
      key: hookKey(facts.objectUid, GLOBAL_PLACE, status.hooks?.length ?? 0),
      startedAt: now.toISOString(),
      namespace: facts.namespace,
      handler,
      place: undefined,
      owner: facts.owner,
      summary: runSummary(facts, status, undefined, now),
      timeoutMs: hookTimeoutMs(handler, facts.limits.hookMs),
      ...(isOwed &&
        after && { owes: { target: GLOBAL_TARGET, hostname: undefined, podUID: undefined, after, afterPolicy } }),
    },
  };
}

function conclude<Status extends RunStatus>(
  status: Status,
  words: ConditionWords,
  isGood: boolean,
  message: string,
  now: Date,
): Status {
  const condition = {
    type: words.type,
    status: isGood ? "True" : "False",
    reason: isGood ? words.good : words.bad,
    message,
  } as const;
  return { ...status, conditions: withCondition(status.conditions, condition, now) };
}

/** Runs the before-hook and waits for it; its failure fails every target. */
export function stepGlobalBefore<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const { words, globalHooks } = facts;
  if (hasCondition(status.conditions, words.globalBefore.type)) return undefined;
  const record = lastHook(status.hooks, words.before);
  if (record === undefined) {
    // Nothing is prepared for members that don't run any more.
    const isOver = areTargetsOver(status);
    const { before } = globalHooks;
    return before === undefined || !hasHandler(before) || isOver
      ? undefined
      : run(facts, status, "before", before, now);
  }
  if (isHookOpen(record)) return { isEnd: true };
  if (record.phase === "Succeeded") {
    return { status: conclude(status, words.globalBefore, true, `the global ${words.before} hook succeeded`, now) };
  }
  const message = record.message ?? "";
  const failed = withEverythingFailed(
    facts.words,
    status,
    "HOOK_FAILED",
    `global ${words.before} hook: ${message}`,
    now,
  );
  return { status: conclude(failed, words.globalBefore, false, message, now) };
}

/** Runs the after-hook by its policy: once the before-hook started, whatever happened since; without one, always. */
export function stepGlobalAfter<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const { words, globalHooks } = facts;
  if (hasCondition(status.conditions, words.globalAfter.type)) return undefined;
  const records = hooksOf(status.hooks, words.after);
  const record = records.at(-1);
  // As it was when the before-hook began: the invoker may have been edited since, or be gone.
  const owed = facts.owed.find(({ target }) => target === GLOBAL_TARGET);
  const after = owed?.after ?? globalHooks.after;
  if (record === undefined || (isToRepeat(records) && hasHandler(after))) {
    if (after === undefined || !hasHandler(after)) return undefined;
    if (hasHandler(globalHooks.before) && lastHook(status.hooks, words.before) === undefined) return undefined;
    const skipped = whyAfterHookSkipped({
      policy: owed === undefined ? globalHooks.afterPolicy : owed.afterPolicy,
      outcome: runFailure(facts.words, status) === undefined ? "Succeeded" : "Failed",
      isRetryLeft: facts.isRetryToFollow(status),
    });
    if (skipped === undefined) return run(facts, status, "after", after, now);
    const ended = { phase: "Skipped", message: skipped, finishedAt: formatTime(now) } as const;
    return { status: { ...status, hooks: withSkipped(status.hooks, words.after, undefined, ended) } };
  }
  if (isHookOpen(record)) return { isEnd: true };
  const message = record.message || `the global ${words.after} hook succeeded`;
  return { status: conclude(status, words.globalAfter, record.phase !== "Failed", message, now) };
}
