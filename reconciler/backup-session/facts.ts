/** A session as the engine sees it: its words, whether another tries again, and its facts. Pure. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { ERRORS, type ErrorCode, isErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { backupSessionPhase, backupTargetPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import { jobHandler } from "../jobs/hooks.ts";
import { type TargetEntry, withEntryCondition } from "../run/entries.ts";
import { type RunFacts, type RunWords, runHosts, runTargets } from "../run/facts.ts";
import { targetFailure } from "../run/outcome.ts";
import type { TurnGate } from "../run/turn-gate.ts";
import { commonFacts, createdAtMs, isDeleted } from "../run/view.ts";
import { volumeGate } from "./own-volumes.ts";
import { isInitCarried } from "./repository-actions.ts";
import { memberOf, type SessionStatus, type SessionView } from "./view.ts";

export const BACKUP_WORDS: RunWords = {
  run: "session",
  work: "backup",
  event: "Backup",
  invoker: "invoker",
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
  failures: [
    ConditionType.GlobalPreBackupHookSucceeded,
    ConditionType.BackendRepositoryInitialized,
    ConditionType.RepositoryIntegrityVerified,
    ConditionType.GlobalPostBackupHookSucceeded,
  ],
  // A lost host is given to one other pod.
  maxAttempts: 2,
};

/** Codes that the table calls hopeless, but whose causes often pass by themselves, or by what others do meanwhile. */
const WORTH_ANOTHER_TRY: ReadonlySet<ErrorCode> = new Set([
  "HOOK_FAILED",
  "RESTIC_FAILED",
  "DUMP_FAILED",
  "JOB_FAILED",
  "INTERNAL",
  // An application makes its folders when it comes to it.
  "PATH_NOT_FOUND",
  "PATH_IS_LINK",
  "FILES_UNREADABLE",
  "NOTHING_SELECTED",
  // Rights and certificates are given and renewed elsewhere.
  "BACKEND_REFUSED",
  "BACKEND_CERTIFICATE",
  "REPOSITORY_READ_ONLY",
  "PERMISSION_DENIED",
  "APP_REFUSED",
]);

/** Error codes of everything that failed; undefined stands for a failure without a code. */
function failureCodes(status: SessionStatus): readonly (string | undefined)[] {
  const global = [
    isConditionTrue(status.conditions, ConditionType.DeadlineExceeded) ? ["DEADLINE_EXCEEDED"] : [],
    isConditionFalse(status.conditions, ConditionType.RepositoryIntegrityVerified) ? ["REPOSITORY_DAMAGED"] : [],
    isConditionFalse(status.conditions, ConditionType.GlobalPostBackupHookSucceeded) ? ["HOOK_FAILED"] : [],
  ].flat();
  const targets = runTargets(status).flatMap((target) => {
    const hosts = runHosts(target).filter((host) => host.phase === "Failed");
    if (hosts.length > 0) return hosts.map((host) => host.reason);
    return targetFailure(BACKUP_WORDS, target) === undefined ? [] : [target.reason || undefined];
  });
  return [...global, ...targets];
}

/**
 * Whether another session will try again: the invoker says so, tries are left, and at least one failure may pass by
 * itself. Only when every failure is one that a repetition can't change (a wrong password, say) none follows.
 */
export function isRetryToFollow(view: SessionView, status: SessionStatus): boolean {
  const isWanted = view.invoker?.view.retry !== undefined && !view.invoker.view.isBeingDeleted;
  if (isDeleted(view.object)) return false;
  const { retryLeft = 0, cancel = false } = view.object.spec;
  if (!isWanted || cancel || retryLeft <= 0) return false;
  return failureCodes(status).some(isWorthAnotherTry);
}

/** @param code of a failure; undefined stands for one without a code */
export function isWorthAnotherTry(code: string | undefined): boolean {
  if (code === undefined || !isErrorCode(code)) return true;
  return ERRORS[code].retryable || WORTH_ANOTHER_TRY.has(code);
}

/** Until another session has made the repository, however long that takes: it has limits of its own. */
const WAITS_FOR_OPENING: TurnGate = { kind: "unknown" };

export function runFacts(view: SessionView): RunFacts<SessionStatus> {
  const { invoker, object } = view;
  const { metadata, spec } = object;
  const global = invoker?.view.hooks;
  return {
    ...commonFacts(view),
    words: BACKUP_WORDS,
    globalHooks: {
      before: global?.preBackup,
      after: global?.postBackup,
      afterPolicy: global?.postBackup?.executionPolicy,
    },
    memberOf(target) {
      const member = memberOf(view, target);
      if (member === undefined) return undefined;
      const before = jobHandler(member, member.hooks?.preBackup);
      const after = jobHandler(member, member.hooks?.postBackup);
      return { view: member, before, after, afterPolicy: after?.executionPolicy };
    },
    podWaitMsOf: () => view.limits.podWaitMs,
    turnGate: (status, target, pod) =>
      view.opening === "waits" && !isInitCarried(status) ? WAITS_FOR_OPENING : volumeGate(view, target, pod),
    // Who waits until the repository is opened has nothing to report.
    isReportDue: (status, host) =>
      hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized) ||
      (host.actions?.length ?? 0) > 0 ||
      host.phase === "Running",
    withWork(status, host) {
      const isOpened = hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized);
      if (isOpened || isInitCarried(status)) return host;
      return { ...host, actions: [...(host.actions ?? []), "InitializeBackendRepository" as const] };
    },
    beforeProblem: () => undefined,
    canRunAfter: () => true,
    isRetryToFollow: (status) => isRetryToFollow(view, status),
    isRetryOpen: () => false,
    summary: {
      name: metadata.name,
      namespace: metadata.namespace,
      invoker: {
        APIGroup: spec.invoker?.apiGroup ?? STASH_GROUP,
        Kind: spec.invoker?.kind ?? "",
        Name: spec.invoker?.name ?? "",
      },
      createdAtMs: createdAtMs(view),
    },
    retryLeft: () => spec.retryLeft ?? 0,
    targetPhase: backupTargetPhase,
    runPhase: ({ conditions, ...status }) =>
      backupSessionPhase({
        targets: runTargets(status).map(({ phase = "Pending" }) => phase),
        ...(conditions !== undefined && { conditions }),
      }),
    concluded: withDisruption,
  };
}

function withDisruption(target: TargetEntry, now: Date): TargetEntry {
  const lost = runHosts(target).find((host) => host.reason === "EXECUTOR_LOST");
  if (lost === undefined) return target;
  return withEntryCondition(
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
