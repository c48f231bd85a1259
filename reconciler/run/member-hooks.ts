/** Commands that run in a member's containers after its hosts ended, and the record of what hooks came to. Pure. */
import type { HookResult } from "../../shared/api/hook-result.ts";
import { hookTimeoutMs } from "../../shared/hooks/parts.ts";
import { whyAfterHookSkipped } from "../../shared/hooks/policy.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { HookPlace } from "../hooks/plan.ts";
import { hookKey, withEndedHooks, withIntent, withSkipped } from "../hooks/records.ts";
import { allHooks, isStarted, needsAfterHook } from "./completion.ts";
import { type HostEntry, isOpenHost, type TargetEntry, withEntryCondition } from "./entries.ts";
import { execPlace } from "./exec-place.ts";
import {
  type ConditionWords,
  type RunFacts,
  type RunHooks,
  type RunStatus,
  type RunStep,
  runHosts,
  runTargets,
  withRunTarget,
} from "./facts.ts";
import { podFor } from "./host-turns.ts";
import { hasFailed, runSummary } from "./outcome.ts";
import { type DueAfterHook, dueAfterHook } from "./owed-hooks.ts";
import { isLost } from "./world.ts";

/** Place of the whole run's hooks in its status. */
export const GLOBAL_PLACE = "session";

/** Writes down how hooks ended that the status still calls running. */
export function stepEndHooks<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const { objectUid, leaderSinceMs, hookRuns: runs } = facts;
  const view = { objectUid, runs, leaderSinceMs, nowMs: now.getTime() };
  const global = { ...view, place: GLOBAL_PLACE, timeoutMs: longestMs(facts, facts.globalHooks) };
  const hooks = withEndedHooks(status.hooks, global);
  if (hooks !== status.hooks && hooks !== undefined) return { status: { ...status, hooks } };
  for (const [index, target] of runTargets(status).entries()) {
    const own = { ...view, place: `targets/${index}`, timeoutMs: longestMs(facts, facts.memberOf(target)) };
    const ended = withEndedHooks(target.hooks, own);
    if (ended !== target.hooks && ended !== undefined) {
      return { status: withRunTarget(status, index, (old) => ({ ...old, hooks: ended })) };
    }
  }
  return undefined;
}

function longestMs<Status extends RunStatus>({ limits }: RunFacts<Status>, member: RunHooks | undefined): number {
  const handlers = [member?.before ?? {}, member?.after ?? {}];
  return limits.hookBeginMs + Math.max(...handlers.map((handler) => hookTimeoutMs(handler, limits.hookMs)));
}

/** Runs a host's after-hook as soon as the host ended, in its pod or in the pod that took its place. */
export function stepMemberAfter<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  for (const [index, target] of runTargets(status).entries()) {
    if (!isStarted(target)) continue;
    for (const host of runHosts(target)) {
      if (isOpenHost(host) || !needsAfterHook(facts, target, host)) continue;
      const step = afterHook(facts, status, index, target, host, now);
      if (step !== undefined) return step;
    }
  }
  return undefined;
}

function afterHook<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  index: number,
  target: TargetEntry,
  host: HostEntry,
  now: Date,
): RunStep<Status> | undefined {
  const { words, limits } = facts;
  const due = dueAfterHook(facts, target, host);
  if (due === undefined) return undefined;
  const { handler } = due;
  const withHooks = (change: (hooks: TargetEntry["hooks"]) => readonly HookResult[]): Status =>
    withRunTarget(status, index, (old) => ({ ...old, hooks: change(old.hooks) }));
  const ended = (phase: "Skipped" | "Failed", message: string): RunStep<Status> => ({
    status: withHooks((hooks) =>
      withSkipped(hooks, words.after, host.hostname, { phase, message, finishedAt: formatTime(now) }),
    ),
  });
  const skipped = whyAfterHookSkipped({
    policy: due.policy,
    outcome: hasFailed(facts.words, status, target) ? "Failed" : "Succeeded",
    isRetryLeft: facts.isRetryToFollow(status),
  });
  if (skipped !== undefined) return ended("Skipped", skipped);
  const where = afterPlace(facts, target, host, due);
  if (where === undefined) {
    const waitedMs = now.getTime() - (Date.parse(host.finishedAt ?? "") || 0);
    return waitedMs < limits.podWaitMs ? undefined : ended("Failed", "no pod is there in which the hook can run");
  }
  const { podUID, place } = where;
  return {
    status: withHooks((hooks) =>
      withIntent(hooks, words.after, facts.hookRuns.runner, { hostname: host.hostname, podUID }, now),
    ),
    hook: {
      key: hookKey(facts.objectUid, `targets/${index}`, target.hooks?.length ?? 0),
      startedAt: now.toISOString(),
      namespace: facts.namespace,
      handler,
      place,
      summary: runSummary(facts, status, target, now),
      timeoutMs: hookTimeoutMs(handler, limits.hookMs),
      beginWithinMs: limits.hookBeginMs,
    },
  };
}

/** Where the before-hook ran, else in the pod that took its place; undefined while there is none. */
function afterPlace<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  host: HostEntry,
  { handler, podUID, owed }: DueAfterHook,
): { readonly podUID: string; readonly place: HookPlace } | undefined {
  if (owed?.behindApp !== undefined && podUID !== undefined) {
    // The pod of the job may be gone: the application's is behind its Service.
    const { behindApp, ranIn, pod = "" } = owed;
    const { namespace } = facts;
    const container = handler.containerName || undefined;
    return { podUID, place: { namespace, pod, podIp: undefined, container, behindApp, ranIn } };
  }
  const own = [podUID, host.podUID].flatMap((uid) => facts.pods.get(uid ?? "") ?? []);
  const reached = own.find((pod) => pod.behindApp !== undefined || !isLost(pod));
  const pod = reached ?? podFor(facts, target, host, true);
  if (pod === undefined || !(pod.behindApp !== undefined || facts.canRunAfter(pod))) return undefined;
  return { podUID: pod.uid, place: execPlace(pod, handler) };
}

/** The target with what its hooks came to as conditions. */
export function withHookConditions<Status extends RunStatus>(
  facts: Pick<RunFacts<Status>, "words" | "pods">,
  target: TargetEntry,
  now: Date,
): TargetEntry {
  const { words } = facts;
  const before = withHookCondition(target, lastOf(allHooks(target, words.before), hostOf), words.beforeHook, now);
  return withHookCondition(before, lastAfterHooks(facts, allHooks(target, words.after)), words.afterHook, now);
}

function hostOf({ hostname = "" }: HookResult): string {
  return hostname;
}

/** The last run counts: an earlier one was interrupted, or ran in a pod that is gone. */
function lastOf(hooks: readonly HookResult[], keyOf: (hook: HookResult) => string): readonly HookResult[] {
  return [...new Map(hooks.map((hook) => [keyOf(hook), hook])).values()];
}

/** What failed in a pod that is still there is made good by no other pod's run: each has an application of its own to set free. */
function lastAfterHooks<Status extends RunStatus>(
  { pods }: Pick<RunFacts<Status>, "pods">,
  hooks: readonly HookResult[],
): readonly HookResult[] {
  const ofHosts = new Set(lastOf(hooks, hostOf));
  const isThere = ({ podUID = "" }: HookResult): boolean => {
    const pod = pods.get(podUID);
    return pod !== undefined && pod.behindApp === undefined && !isLost(pod);
  };
  const ofPods = lastOf(hooks, (hook) => `${hostOf(hook)} ${hook.podUID ?? ""}`);
  return ofPods.filter((hook) => ofHosts.has(hook) || (hook.phase === "Failed" && isThere(hook)));
}

function withHookCondition(
  target: TargetEntry,
  last: readonly HookResult[],
  words: ConditionWords,
  now: Date,
): TargetEntry {
  if (last.length === 0) return target;
  const failed = last.find((hook) => hook.phase === "Failed");
  const skipped = last.find((hook) => hook.phase === "Skipped");
  return withEntryCondition(
    target,
    {
      type: words.type,
      status: failed === undefined ? "True" : "False",
      reason: failed === undefined ? words.good : words.bad,
      message: failed?.message || skipped?.message || "the hook succeeded",
    },
    now,
  );
}
