/** Rows for commands that run in a member's containers after its hosts ended, and for recording what hooks came to. Pure. */

import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { formatTime, isConditionTrue } from "../../shared/status/conditions.ts";
import { type HookPlace, hookTimeoutMs, reconcilerPart } from "../hooks/hook-plan.ts";
import { whySkipped } from "../hooks/hook-policy.ts";
import { hookKey, isPrepared, withEndedHooks, withIntent, withSkipped } from "../hooks/hook-records.ts";
import { isOpenHost, withTargetCondition } from "../run/entries.ts";
import { isAlive, type PodFact } from "../run/world.ts";
import { withTarget } from "./change.ts";
import { podFor } from "./host-turns.ts";
import { isRetryToFollow, sessionSummary, targetFailure } from "./outcome.ts";
import { allHooks, isQuiet, isStarted, needsAfterHook } from "./settled.ts";
import type { Action, Row, Step } from "./step.ts";
import { hostsOf, memberOf, type SessionStatus, type SessionView, type TargetStatus, targetsOf } from "./view.ts";

/** Container of a command: the one that the hook names, else the pod's first. */
export function execPlace(pod: PodFact, handler: Handler): HookPlace {
  return {
    namespace: pod.namespace,
    pod: pod.name,
    podIp: pod.podIp,
    container: handler.containerName ?? pod.containers[0],
  };
}

/** Hooks of this process that are recorded as started and were not: the answer to the write was lost. */
export function startPrepared(view: SessionView): readonly Action[] {
  const { metadata, status = {} } = view.session;
  const places = [
    { place: "session", hooks: status.hooks },
    ...targetsOf(status).map((target, index) => ({ place: `targets/${index}`, hooks: target.hooks })),
  ];
  return places.flatMap(({ place, hooks }) =>
    (hooks ?? []).flatMap((hook, index): readonly Action[] => {
      const key = hookKey(metadata.uid ?? "", place, index);
      return isPrepared(hook, key, view.hookRuns) ? [{ kind: "StartPrepared", key }] : [];
    }),
  );
}

/** Writes down how hooks ended that the status still calls running. */
export const endHooks: Row = {
  name: "hook ended",
  next(view, status, now): Step | undefined {
    const facts = {
      objectUid: view.session.metadata.uid ?? "",
      runs: view.hookRuns,
      leaderSinceMs: view.leaderSinceMs,
      nowMs: now.getTime(),
    };
    const global = view.invoker?.view.hooks;
    const hooks = withEndedHooks(status.hooks, {
      ...facts,
      place: "session",
      timeoutMs: longest(view, global?.preBackup, global?.postBackup),
    });
    if (hooks !== status.hooks && hooks !== undefined) return { status: { ...status, hooks } };
    for (const [index, target] of targetsOf(status).entries()) {
      const own = memberOf(view, target)?.hooks;
      const ended = withEndedHooks(target.hooks, {
        ...facts,
        place: `targets/${index}`,
        timeoutMs: longest(view, own?.preBackup, own?.postBackup),
      });
      if (ended !== target.hooks && ended !== undefined) {
        return { status: withTarget(status, index, (old) => ({ ...old, hooks: ended })) };
      }
    }
    return undefined;
  },
};

function longest(view: SessionView, ...handlers: readonly (Handler | undefined)[]): number {
  return Math.max(...handlers.map((handler) => hookTimeoutMs(handler ?? {}, view.limits.hookMs)));
}

/** Runs a host's after-hook as soon as the host ended, in its pod or in the pod that took its place. */
export const memberAfter: Row = {
  name: "member's postBackup hook",
  next(view, status, now): Step | undefined {
    for (const [index, target] of targetsOf(status).entries()) {
      if (!isStarted(target)) continue;
      for (const host of hostsOf(target)) {
        if (isOpenHost(host) || !needsAfterHook(view, target, host)) continue;
        const step = afterHook(view, status, index, target, host, now);
        if (step !== undefined) return step;
      }
    }
    return undefined;
  },
};

function afterHook(
  view: SessionView,
  status: SessionStatus,
  index: number,
  target: TargetStatus,
  host: HostStats,
  now: Date,
): Step | undefined {
  const hook = memberOf(view, target)?.hooks?.postBackup;
  const handler = reconcilerPart(hook) ?? {};
  const recorded = (ended: { phase: "Skipped" | "Failed"; message: string }): Step => ({
    status: withTarget(status, index, (old) => ({
      ...old,
      hooks: withSkipped(old.hooks, "postBackup", host.hostname, { ...ended, finishedAt: formatTime(now) }),
    })),
  });
  const skipped = whySkipped({
    policy: hook?.executionPolicy,
    outcome: hasFailed(status, target) ? "Failed" : "Succeeded",
    isRetryLeft: isRetryToFollow(view, status),
  });
  if (skipped !== undefined) return recorded({ phase: "Skipped", message: skipped });
  const own = isAlive(view.pods, host.podUID) ? view.pods.get(host.podUID ?? "") : undefined;
  const pod = own ?? podFor(view, target, host, true);
  if (pod === undefined) {
    const waitedMs = now.getTime() - (Date.parse(host.finishedAt ?? "") || 0);
    if (waitedMs < view.limits.podWaitMs) return undefined;
    return recorded({ phase: "Failed", message: "no pod is there in which the hook could run" });
  }
  return {
    status: withTarget(status, index, (old) => ({
      ...old,
      hooks: withIntent(old.hooks, "postBackup", { hostname: host.hostname, podUID: pod.uid }, now),
    })),
    actions: [
      {
        kind: "RunHook",
        run: {
          key: hookKey(view.session.metadata.uid ?? "", `targets/${index}`, target.hooks?.length ?? 0),
          startedAt: now.toISOString(),
          handler,
          place: execPlace(pod, handler),
          summary: sessionSummary(view, status, target, now),
          timeoutMs: hookTimeoutMs(handler, view.limits.hookMs),
        },
      },
    ],
  };
}

function hasFailed(status: SessionStatus, target: TargetStatus): boolean {
  return targetFailure(target) !== undefined || isConditionTrue(status.conditions, ConditionType.DeadlineExceeded);
}

/** Records what hooks came to and whether executors were lost, as conditions of the target; its phase follows. */
export const concludeTargets: Row = {
  name: "target is over",
  next(view, status, now): Step | undefined {
    for (const [index, target] of targetsOf(status).entries()) {
      if (target.phase !== undefined && isFinalTargetPhase(target.phase)) continue;
      if (!isQuiet(view, target)) continue;
      const concluded = withDisruption(withHookConditions(target, now), now);
      if (concluded !== target) return { status: withTarget(status, index, () => concluded) };
    }
    return undefined;
  },
};

function withHookConditions(target: TargetStatus, now: Date): TargetStatus {
  const before = withHookCondition(target, allHooks(target, "preBackup"), "before", now);
  return withHookCondition(before, allHooks(target, "postBackup"), "after", now);
}

function withHookCondition(
  target: TargetStatus,
  hooks: readonly HookResult[],
  side: "before" | "after",
  now: Date,
): TargetStatus {
  if (hooks.length === 0) return target;
  const words =
    side === "before"
      ? {
          type: ConditionType.PreBackupHookExecutionSucceeded,
          good: "SuccessfullyExecutedPreBackupHook",
          bad: "FailedToExecutePreBackupHook",
        }
      : {
          type: ConditionType.PostBackupHookExecutionSucceeded,
          good: "SuccessfullyExecutedPostBackupHook",
          bad: "FailedToExecutePostBackupHook",
        };
  // The last run for a host counts: an earlier one was interrupted, or ran in a pod that is gone.
  const last = new Map(hooks.map((hook) => [hook.hostname ?? "", hook]));
  const failed = [...last.values()].find((hook) => hook.phase === "Failed");
  const skipped = [...last.values()].find((hook) => hook.phase === "Skipped");
  return withTargetCondition(
    target,
    {
      type: words.type,
      status: failed === undefined ? "True" : "False",
      reason: failed === undefined ? words.good : words.bad,
      message: failed?.message ?? skipped?.message ?? "the hook succeeded",
    },
    now,
  );
}

function withDisruption(target: TargetStatus, now: Date): TargetStatus {
  const lost = hostsOf(target).find((host) => host.reason === "EXECUTOR_LOST");
  if (lost === undefined) return target;
  return withTargetCondition(
    target,
    {
      type: ConditionType.BackupDisrupted,
      status: "True",
      reason: "FailedToCompleteDueToDisruption",
      message: `${lost.hostname ?? "host"}: ${lost.error ?? ""}`,
    },
    now,
  );
}
