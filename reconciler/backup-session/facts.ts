/** A session as the rows that it shares with restores see it. Pure. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { backupSessionPhase, backupTargetPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { type TargetEntry, withEntryCondition } from "../run/entries.ts";
import { type RunFacts, runHosts, runTargets } from "../run/run-facts.ts";
import { commonFacts, createdAtMs } from "../run/view.ts";
import { isInitCarried } from "./repository-actions.ts";
import { isRetryToFollow } from "./retry.ts";
import { memberOf, type SessionStatus, type SessionView } from "./view.ts";
import { BACKUP_WORDS } from "./words.ts";

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
      const { preBackup: before, postBackup: after } = member.hooks ?? {};
      return { view: member, before, after, afterPolicy: after?.executionPolicy };
    },
    podWaitMsOf: () => view.limits.podWaitMs,
    // Until the repository is opened only the host that opens it has anything to report.
    isReportDue: (status, host) =>
      hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized) || (host.actions?.length ?? 0) > 0,
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
