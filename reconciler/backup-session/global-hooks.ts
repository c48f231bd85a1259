/** Rows for the hooks of the whole batch, which run in the reconciler. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime, hasCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { hasHandler, hookTimeoutMs } from "../hooks/hook-plan.ts";
import { whySkipped } from "../hooks/hook-policy.ts";
import {
  hookKey,
  hooksOf,
  isHookOpen,
  isInterrupted,
  lastHook,
  MAX_HOOK_RUNS,
  withIntent,
  withSkipped,
} from "../hooks/hook-records.ts";
import { GLOBAL_PLACE } from "../run/member-hooks.ts";
import { withEverythingFailed, withSessionCondition } from "./change.ts";
import { areTargetsFinal } from "./interruptions.ts";
import { failureOf, isRetryToFollow, sessionSummary } from "./outcome.ts";
import { isBegun } from "./start.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

function runGlobal(view: SessionView, status: SessionStatus, type: "preBackup" | "postBackup", now: Date): Step {
  const handler = view.invoker?.view.hooks?.[type] ?? {};
  const key = hookKey(view.session.metadata.uid ?? "", GLOBAL_PLACE, status.hooks?.length ?? 0);
  return {
    status: { ...status, hooks: withIntent(status.hooks, type, undefined, now) },
    actions: [
      {
        kind: "RunHook",
        run: {
          key,
          startedAt: now.toISOString(),
          handler,
          place: undefined,
          summary: sessionSummary(view, status, undefined, now),
          timeoutMs: hookTimeoutMs(handler, view.limits.hookMs),
        },
      },
    ],
  };
}

export const globalBefore: Row = {
  name: "global preBackup hook",
  next(view, status, now): Step | undefined {
    const handler = view.invoker?.view.hooks?.preBackup;
    if (!isBegun(status) || hasCondition(status.conditions, ConditionType.GlobalPreBackupHookSucceeded)) {
      return undefined;
    }
    const record = lastHook(status.hooks, "preBackup");
    if (record === undefined) {
      // Nothing is prepared for members that don't run any more.
      if (!hasHandler(handler) || areTargetsFinal(status)) return undefined;
      return runGlobal(view, status, "preBackup", now);
    }
    if (isHookOpen(record)) return { isEnd: true };
    const isGood = record.phase === "Succeeded";
    const message = record.message ?? "";
    const concluded = withSessionCondition(
      status,
      {
        type: ConditionType.GlobalPreBackupHookSucceeded,
        status: isGood ? "True" : "False",
        reason: isGood ? "GlobalPreBackupHookExecutedSuccessfully" : "GlobalPreBackupHookExecutionFailed",
        message: isGood ? "the global preBackup hook succeeded" : message,
      },
      now,
    );
    if (isGood) return { status: concluded };
    return { status: withEverythingFailed(concluded, "HOOK_FAILED", `global preBackup hook: ${message}`, now) };
  },
};

/** Runs once the before-hook started, whatever happened since; without a before-hook, once the session began. */
export const globalAfter: Row = {
  name: "global postBackup hook",
  next(view, status, now): Step | undefined {
    if (hasCondition(status.conditions, ConditionType.GlobalPostBackupHookSucceeded)) return undefined;
    const hooks = view.invoker?.view.hooks;
    const records = hooksOf(status.hooks, "postBackup");
    const record = records.at(-1);
    const isCut = record !== undefined && isInterrupted(record) && records.length < MAX_HOOK_RUNS;
    if (record === undefined || (isCut && hasHandler(hooks?.postBackup))) {
      if (!hasHandler(hooks?.postBackup)) return undefined;
      if (hasHandler(hooks?.preBackup) && lastHook(status.hooks, "preBackup") === undefined) return undefined;
      const failure = failureOf(status);
      const skipped = whySkipped({
        policy: hooks.postBackup.executionPolicy,
        outcome: failure === undefined ? "Succeeded" : "Failed",
        isRetryLeft: isRetryToFollow(view, status),
      });
      if (skipped === undefined) return runGlobal(view, status, "postBackup", now);
      const ended = { phase: "Skipped", message: skipped, finishedAt: formatTime(now) } as const;
      return { status: { ...status, hooks: withSkipped(status.hooks, "postBackup", undefined, ended) } };
    }
    if (isHookOpen(record)) return { isEnd: true };
    const isGood = record.phase !== "Failed";
    return {
      status: withSessionCondition(
        status,
        {
          type: ConditionType.GlobalPostBackupHookSucceeded,
          status: isGood ? "True" : "False",
          reason: isGood ? "GlobalPostBackupHookExecutedSuccessfully" : "GlobalPostBackupHookExecutionFailed",
          message: record.message || "the global postBackup hook succeeded",
        },
        now,
      ),
    };
  },
};

/** Whether the before-hook has ended well, or there is none to wait for. */
export function mayMembersStart(status: SessionStatus): boolean {
  return !isConditionFalse(status.conditions, ConditionType.GlobalPreBackupHookSucceeded);
}
