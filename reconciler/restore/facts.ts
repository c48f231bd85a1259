/** A restore as the engine sees it: its words, which hosts are tried again, and its facts. Pure. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { ERRORS, isErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { restoreMemberPhase, restorePhase } from "../../shared/status/restore-phase.ts";
import { jobHandler } from "../jobs/hooks.ts";
import { isOver } from "../run/completion.ts";
import type { HostEntry } from "../run/entries.ts";
import { type RunFacts, type RunWords, runHosts, runTargets } from "../run/facts.ts";
import { commonFacts, createdAtMs, isDeleted } from "../run/view.ts";
import { turnGate } from "./quiet-gate.ts";
import type { RestoreStatus } from "./status.ts";
import { isJobTarget, memberOf, type RestoreView } from "./view.ts";

export const RESTORE_WORDS: RunWords = {
  run: "restore",
  work: "restore",
  event: "Restore",
  invoker: "restore",
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
  failures: [ConditionType.GlobalPreRestoreHookSucceeded, ConditionType.GlobalPostRestoreHookSucceeded],
  // A pod that is lost is replaced by its workload, and the new one waits for its data: evictions are no failures.
  maxAttempts: 10,
};

/** A dry run is done by the containers that run. */
const DRY_RUN_WORDS: RunWords = { ...RESTORE_WORDS, role: "sidecar" };

/** Whether a failed host gets another try by the restore's retryConfig. */
export function isHostRetryLeft(view: RestoreView, status: RestoreStatus, host: HostEntry): boolean {
  const { retry } = view.invoker;
  if (retry === undefined || host.phase !== "Failed" || (status.retries ?? 0) >= retry.maxRetry) return false;
  if (isConditionTrue(status.conditions, ConditionType.DeadlineExceeded) || isDeleted(view.object)) return false;
  const { reason } = host;
  return reason === undefined || !isErrorCode(reason) || ERRORS[reason].retryable || reason === "RESTIC_FAILED";
}

const NO_CONTAINER_YET =
  "the application's containers do not run before the restore; use containerName: stash-init, httpGet, httpPost or tcpSocket";

export function runFacts(view: RestoreView): RunFacts<RestoreStatus> {
  const { invoker } = view;
  const { kind, name, namespace, retry } = invoker;
  const global = invoker.hooks;
  return {
    ...commonFacts(view),
    words: invoker.isDryRun ? DRY_RUN_WORDS : RESTORE_WORDS,
    globalHooks: {
      before: global?.preRestore,
      after: global?.postRestore,
      afterPolicy: global?.postRestore?.executionPolicy,
    },
    memberOf(target) {
      const member = memberOf(view, target);
      if (member === undefined) return undefined;
      const before = jobHandler(member, member.hooks?.preRestore);
      const after = jobHandler(member, member.hooks?.postRestore);
      return { view: member, before, after, afterPolicy: after?.executionPolicy };
    },
    // A rollout brings the pods one after another, and one may wait for a person; but behind a pod that is held for good
    // no other comes.
    podWaitMsOf(target) {
      const isHeld = runHosts(target).some(({ phase }) => phase === "Failed");
      return isHeld ? view.limits.podWaitMs : view.limits.restoreWaitMs;
    },
    ...(!invoker.isDryRun && { turnGate: (status, target, pod) => turnGate(view, status, target, pod) }),
    isReportDue: () => true,
    withWork: (_status, host) => host,
    beforeProblem: (target) => (isJobTarget(view, target) ? undefined : NO_CONTAINER_YET),
    canRunAfter: (pod) => pod.isReady,
    isRetryToFollow: () => false,
    isRetryOpen: (status, target) =>
      !isOver(target) &&
      !isJobTarget(view, target) &&
      runHosts(target).some((host) => isHostRetryLeft(view, status, host)),
    summary: {
      name,
      namespace,
      invoker: { APIGroup: STASH_GROUP, Kind: kind, Name: name },
      createdAtMs: createdAtMs(view),
    },
    retryLeft: ({ retries = 0 }) => Math.max(0, (retry?.maxRetry ?? 0) - retries),
    targetPhase: restoreMemberPhase,
    runPhase: ({ conditions, ...status }) =>
      restorePhase({
        members: runTargets(status).map(({ phase = "Pending" }) => phase),
        ...(conditions !== undefined && { conditions }),
      }),
    concluded: (target) => target,
  };
}
