/** A session as the rows that it shares with restores see it, and those rows. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition, isConditionTrue } from "../../shared/status/conditions.ts";
import { resolveTargetRef } from "../../shared/target.ts";
import { isHookOpen } from "../hooks/hook-records.ts";
import { stepEndedJob } from "../jobs/ended-job.ts";
import { type TargetEntry, withTargetCondition } from "../run/entries.ts";
import { stepGlobalAfter, stepGlobalBefore } from "../run/global-hooks.ts";
import { stepGiveTurn, stepLostExecutor } from "../run/host-turns.ts";
import { hookKeys, preparedHooks, stepEndHooks, stepMemberAfter, withHookConditions } from "../run/member-hooks.ts";
import { type RunFacts, type RunStep, type RunWords, runHosts, withRunTarget } from "../run/run-facts.ts";
import { isQuiet } from "../run/settled.ts";
import { withEverythingFailed } from "./give-up.ts";
import { failureOf, isRetryToFollow, sessionSummary, targetFailure } from "./outcome.ts";
import { isInitCarried } from "./repository-actions.ts";
import { isBegun } from "./start.ts";
import type { Action, Row, Step } from "./step.ts";
import { memberOf, type SessionStatus, type SessionView, targetsOf } from "./view.ts";

export const BACKUP_WORDS: RunWords = {
  role: "sidecar",
  before: "preBackup",
  after: "postBackup",
  executorEnsured: {
    type: ConditionType.BackupExecutorEnsured,
    good: "SuccessfullyEnsuredBackupExecutor",
    bad: "FailedToEnsureBackupExecutor",
  },
  beforeHook: {
    type: ConditionType.PreBackupHookExecutionSucceeded,
    good: "SuccessfullyExecutedPreBackupHook",
    bad: "FailedToExecutePreBackupHook",
  },
  afterHook: {
    type: ConditionType.PostBackupHookExecutionSucceeded,
    good: "SuccessfullyExecutedPostBackupHook",
    bad: "FailedToExecutePostBackupHook",
  },
  globalBefore: {
    type: ConditionType.GlobalPreBackupHookSucceeded,
    good: "GlobalPreBackupHookExecutedSuccessfully",
    bad: "GlobalPreBackupHookExecutionFailed",
  },
  globalAfter: {
    type: ConditionType.GlobalPostBackupHookSucceeded,
    good: "GlobalPostBackupHookExecutedSuccessfully",
    bad: "GlobalPostBackupHookExecutionFailed",
  },
  // A lost host is given to one other pod.
  maxAttempts: 2,
};

export function runFacts(view: SessionView): RunFacts<SessionStatus> {
  const { invoker, session } = view;
  const global = invoker?.view.hooks;
  return {
    words: BACKUP_WORDS,
    objectUid: session.metadata.uid ?? "",
    namespace: session.metadata.namespace,
    workloads: view.workloads,
    pods: view.pods,
    silenceMs: view.silenceMs,
    hookRuns: view.hookRuns,
    leaderSinceMs: view.leaderSinceMs,
    limits: view.limits,
    globalHooks: {
      before: global?.preBackup,
      after: global?.postBackup,
      afterPolicy: global?.postBackup?.executionPolicy,
    },
    memberOf(target) {
      const member = memberOf(view, target);
      if (member === undefined) return undefined;
      const { preBackup: before, postBackup: after } = member.hooks ?? {};
      return { before, after, afterPolicy: after?.executionPolicy };
    },
    refOf: ({ ref }) => resolveTargetRef(ref, session.metadata.namespace),
    podWaitMsOf: () => view.limits.podWaitMs,
    // Until the repository is opened only the host that opens it has anything to report.
    isReportDue: (status, host) =>
      view.pods.get(host.podUID ?? "")?.isSilent !== true &&
      (hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized) || (host.actions?.length ?? 0) > 0),
    withWork(status, host) {
      const isOpened = hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized);
      if (isOpened || isInitCarried(status)) return host;
      return { ...host, actions: [...(host.actions ?? []), "InitializeBackendRepository" as const] };
    },
    beforeProblem: () => undefined,
    canRunAfter: () => true,
    failureOf,
    withEverythingFailed,
    hasFailed: (status, target) =>
      targetFailure(target) !== undefined || isConditionTrue(status.conditions, ConditionType.DeadlineExceeded),
    isRetryToFollow: (status) => isRetryToFollow(view, status),
    summaryOf: (status, target, now) => sessionSummary(view, status, target, now),
  };
}

function toStep(step: RunStep<SessionStatus> | undefined): Step | undefined {
  if (step === undefined || step.isEnd === true || step.hook === undefined) return step;
  return { status: step.status, actions: [{ kind: "RunHook", run: step.hook }] };
}

export const endHooks: Row = {
  name: "hook ended",
  next: (view, status, now) => toStep(stepEndHooks(runFacts(view), status, now)),
};

export const globalBefore: Row = {
  name: "global preBackup hook",
  next: (view, status, now) => (isBegun(status) ? toStep(stepGlobalBefore(runFacts(view), status, now)) : undefined),
};

export const globalAfter: Row = {
  name: "global postBackup hook",
  next: (view, status, now) => toStep(stepGlobalAfter(runFacts(view), status, now)),
};

export const jobsEnded: Row = {
  name: "job ended",
  next: (view, status, now) => toStep(stepEndedJob(view.jobs, status, now, view.limits.podWaitMs)),
};

export const lostExecutors: Row = {
  name: "executor lost",
  next: (view, status, now) => toStep(stepLostExecutor(runFacts(view), status, now)),
};

export const giveTurns: Row = {
  name: "a host's turn",
  next: (view, status, now) => toStep(stepGiveTurn(runFacts(view), status, now)),
};

export const memberAfter: Row = {
  name: "member's postBackup hook",
  next: (view, status, now) => toStep(stepMemberAfter(runFacts(view), status, now)),
};

/** Records what hooks came to and whether executors were lost, as conditions of the target; its phase follows. */
export const concludeTargets: Row = {
  name: "target is over",
  next(view, status, now): Step | undefined {
    const facts = runFacts(view);
    for (const [index, target] of targetsOf(status).entries()) {
      if (target.phase !== undefined && isFinalTargetPhase(target.phase)) continue;
      if (!isQuiet(facts, target)) continue;
      const concluded = withDisruption(withHookConditions(facts, target, now), now);
      if (concluded !== target) return { status: withRunTarget(status, index, () => concluded) };
    }
    return undefined;
  },
};

function withDisruption(target: TargetEntry, now: Date): TargetEntry {
  const lost = runHosts(target).find((host) => host.reason === "EXECUTOR_LOST");
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

/** Hooks that this process recorded without hearing that the record stands. */
export function startPrepared(view: SessionView): readonly Action[] {
  return preparedHooks(runFacts(view), view.session.status ?? {}).map((key) => ({ kind: "StartPrepared", key }));
}

/** Before-hooks that this process runs: what they prepare for does not come any more. */
export function abortBeforeHooks(view: SessionView, status: SessionStatus): readonly Action[] {
  const { running } = view.hookRuns;
  const keys = hookKeys(runFacts(view), status, (hook, key) => {
    return hook.type === "preBackup" && isHookOpen(hook) && running.has(key);
  });
  return keys.map((key) => ({ kind: "AbortHook", key }));
}
