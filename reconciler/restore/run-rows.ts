/** A restore as the rows that it shares with sessions see it, and those rows. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { isFinalRestoreMemberPhase, restoreMemberPhase, restorePhase } from "../../shared/status/restore-phase.ts";
import { resolveTargetRef } from "../../shared/target.ts";
import { isHookOpen } from "../hooks/hook-records.ts";
import { stepEndedJob } from "../jobs/ended-job.ts";
import { stepGlobalAfter, stepGlobalBefore } from "../run/global-hooks.ts";
import { stepGiveTurn, stepLostExecutor } from "../run/host-turns.ts";
import { hookKeys, preparedHooks, stepEndHooks, stepMemberAfter, withHookConditions } from "../run/member-hooks.ts";
import { type RunFacts, type RunStep, type RunWords, runHosts, withRunTarget } from "../run/run-facts.ts";
import { isQuiet, isSettled } from "../run/settled.ts";
import { withEverythingFailed } from "./give-up.ts";
import { failureOf, isHostRetryLeft, memberFailure, restoreSummary } from "./outcome.ts";
import { turnGate } from "./quiet-gate.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { runOwnerOf } from "./run-owner.ts";
import { isBegun } from "./start.ts";
import type { Action, Row, Step } from "./step.ts";
import { hostsOf, isJobTarget, type MemberStatus, memberOf, type RestoreView, targetsOf } from "./view.ts";

export const RESTORE_WORDS: RunWords = {
  role: "restoreInit",
  before: "preRestore",
  after: "postRestore",
  executorEnsured: {
    type: ConditionType.RestoreExecutorEnsured,
    good: "SuccessfullyEnsuredRestoreExecutor",
    bad: "FailedToEnsureRestoreExecutor",
  },
  beforeHook: {
    type: ConditionType.PreRestoreHookExecutionSucceeded,
    good: "SuccessfullyExecutedPreRestoreHook",
    bad: "FailedToExecutePreRestoreHook",
  },
  afterHook: {
    type: ConditionType.PostRestoreHookExecutionSucceeded,
    good: "SuccessfullyExecutedPostRestoreHook",
    bad: "FailedToExecutePostRestoreHook",
  },
  globalBefore: {
    type: ConditionType.GlobalPreRestoreHookSucceeded,
    good: "GlobalPreRestoreHookExecutedSuccessfully",
    bad: "GlobalPreRestoreHookExecutionFailed",
  },
  globalAfter: {
    type: ConditionType.GlobalPostRestoreHookSucceeded,
    good: "GlobalPostRestoreHookExecutedSuccessfully",
    bad: "GlobalPostRestoreHookExecutionFailed",
  },
  // A pod that is lost is replaced by its workload, and the new one waits for its data: evictions are no failures.
  maxAttempts: 10,
};

const NO_CONTAINER_YET =
  "the application's containers do not run before the restore; use containerName: stash-init, httpGet, httpPost or tcpSocket";

export function runFacts(view: RestoreView): RunFacts<RestoreStatus> {
  const { invoker } = view;
  const global = invoker.hooks;
  return {
    words: RESTORE_WORDS,
    objectUid: invoker.uid,
    namespace: invoker.namespace,
    owner: runOwnerOf(view.object),
    workloads: view.workloads,
    pods: view.pods,
    silenceMs: view.silenceMs,
    hookRuns: view.hookRuns,
    leaderSinceMs: view.leaderSinceMs,
    limits: view.limits,
    globalHooks: {
      before: global?.preRestore,
      after: global?.postRestore,
      afterPolicy: global?.postRestore?.executionPolicy,
    },
    memberOf(target) {
      const member = memberOf(view, target);
      if (member === undefined) return undefined;
      const { preRestore: before, postRestore: after } = member.hooks ?? {};
      return { before, after, afterPolicy: after?.executionPolicy };
    },
    refOf: ({ ref }) => resolveTargetRef(ref, invoker.namespace),
    // A rollout brings the pods one after another, and one may wait for a person; but behind a pod that is held for good
    // no other comes.
    podWaitMsOf(target) {
      const isHeld = runHosts(target).some(({ phase }) => phase === "Failed");
      return isHeld ? view.limits.podWaitMs : view.limits.restoreWaitMs;
    },
    turnGate: (status, target, pod) => turnGate(view, status, target, pod),
    isReportDue: (_status, host) => view.pods.get(host.podUID ?? "")?.isSilent !== true,
    withWork: (_status, host) => host,
    beforeProblem: (target) => (isJobTarget(view, target) ? undefined : NO_CONTAINER_YET),
    canRunAfter: (pod) => pod.isReady,
    failureOf,
    hasFailed: (status, target) =>
      memberFailure(target) !== undefined || isConditionTrue(status.conditions, ConditionType.DeadlineExceeded),
    isRetryToFollow: () => false,
    summaryOf: (status, target, now) => restoreSummary(view, status, target, now),
    withEverythingFailed,
  };
}

/** Whether hosts of the member will be tried again. */
function isRetryOpen(view: RestoreView, status: RestoreStatus, target: MemberStatus): boolean {
  return !isJobTarget(view, target) && hostsOf(target).some((host) => isHostRetryLeft(view, status, host));
}

/** Phases from the recorded facts; a member's is final only when its after-hooks are done and no host is tried again. */
export function withPhases(view: RestoreView, status: RestoreStatus): RestoreStatus {
  const facts = runFacts(view);
  const before = targetsOf(status);
  const targets = before.map((target): MemberStatus => {
    const computed = restoreMemberPhase(target);
    const isOver = isSettled(facts, target) && !isRetryOpen(view, status, target);
    const phase = isFinalRestoreMemberPhase(computed) && !isOver ? "Running" : computed;
    return phase === target.phase ? target : { ...target, phase };
  });
  const phase = restorePhase({
    members: targets.map((target) => target.phase ?? "Pending"),
    ...(status.conditions !== undefined && { conditions: status.conditions }),
  });
  const isChanged = targets.some((target, index) => target !== before[index]);
  return isChanged || phase !== status.phase ? { ...status, ...(isChanged && { targets }), phase } : status;
}

function toStep(step: RunStep<RestoreStatus> | undefined): Step | undefined {
  if (step === undefined || step.isEnd === true || step.hook === undefined) return step;
  return { status: step.status, actions: [{ kind: "RunHook", run: step.hook }] };
}

export const endHooks: Row = {
  name: "hook ended",
  next: (view, status, now) => toStep(stepEndHooks(runFacts(view), status, now)),
};

export const globalBefore: Row = {
  name: "global preRestore hook",
  next: (view, status, now) => (isBegun(status) ? toStep(stepGlobalBefore(runFacts(view), status, now)) : undefined),
};

export const globalAfter: Row = {
  name: "global postRestore hook",
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
  name: "member's postRestore hook",
  next(view, status, now) {
    const facts = runFacts(view);
    // After-hooks come when nothing of the restore is tried again.
    const isOver = !targetsOf(status).some((target) => isRetryOpen(view, status, target));
    return isOver ? toStep(stepMemberAfter(facts, status, now)) : undefined;
  },
};

/** Records what hooks came to as conditions of the member; its phase follows. */
export const concludeMembers: Row = {
  name: "member is over",
  next(view, status, now): Step | undefined {
    const facts = runFacts(view);
    for (const [index, target] of targetsOf(status).entries()) {
      if (!isQuiet(facts, target) || isRetryOpen(view, status, target)) continue;
      const concluded = withHookConditions(facts, target, now);
      if (concluded !== target) return { status: withRunTarget(status, index, () => concluded) };
    }
    return undefined;
  },
};

export function startPrepared(view: RestoreView): readonly Action[] {
  return preparedHooks(runFacts(view), view.status).map((key) => ({ kind: "StartPrepared", key }));
}

/** Before-hooks that this process runs: what they prepare for does not come any more. */
export function abortBeforeHooks(view: RestoreView, status: RestoreStatus): readonly Action[] {
  const { running } = view.hookRuns;
  const keys = hookKeys(runFacts(view), status, (hook, key) => {
    return hook.type === "preRestore" && isHookOpen(hook) && running.has(key);
  });
  return keys.map((key) => ({ kind: "AbortHook", key }));
}
