/** Work on the repository that hosts are given, and the conditions that it ends in. Pure. */
import type { HostActionResult, HostStats } from "../../shared/api/host-stats.ts";
import { type CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import { type EntryCondition, type HostEntry, isOpenHost } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import type { SessionStatus } from "./view.ts";

export type ActionName = HostActionResult["action"];
/** What sessions have a condition for. */
export type ToldAction = Exclude<ActionName, "PruneRepository" | "DeleteSnapshots">;
type Reason = keyof typeof CONDITION_REASONS;

interface ActionWords {
  readonly type: ConditionType;
  readonly good: Reason;
  readonly bad: Reason;
}

/** What takes data out of the repository is work of the Repository's own maintenance, and no condition of a session. */
export function isToldAction(action: ActionName): action is ToldAction {
  return action !== "PruneRepository" && action !== "DeleteSnapshots";
}

export const WORDS: Readonly<Record<ToldAction, ActionWords>> = {
  InitializeBackendRepository: {
    type: ConditionType.BackendRepositoryInitialized,
    good: "BackendRepositoryFound",
    bad: "FailedToInitializeBackendRepository",
  },
  ApplyRetentionPolicy: {
    type: ConditionType.RetentionPolicyApplied,
    good: "SuccessfullyAppliedRetentionPolicy",
    bad: "FailedToApplyRetentionPolicy",
  },
  VerifyRepositoryIntegrity: {
    type: ConditionType.RepositoryIntegrityVerified,
    good: "SuccessfullyVerifiedRepositoryIntegrity",
    bad: "FailedToVerifyRepositoryIntegrity",
  },
  VerifyRepositoryData: {
    type: ConditionType.RepositoryIntegrityVerified,
    good: "SuccessfullyVerifiedRepositoryIntegrity",
    bad: "FailedToVerifyRepositoryIntegrity",
  },
  SendRepositoryMetrics: {
    type: ConditionType.RepositoryMetricsPushed,
    good: "SuccessfullyPushedRepositoryMetrics",
    bad: "FailedToPushRepositoryMetrics",
  },
};

function resultOf(host: HostEntry, action: ActionName): HostActionResult | undefined {
  return (host.results ?? []).filter((result) => result.action === action).at(-1);
}

/** Whether the host still has the action to do. */
export function isActionOpen(host: HostEntry, action: ActionName): boolean {
  const result = resultOf(host, action);
  return (host.actions ?? []).includes(action) && (result === undefined || result.phase === "Running");
}

export function allHosts(status: SessionStatus): readonly HostStats[] {
  return runTargets(status).flatMap(runHosts);
}

/** Whether a host that can still do so is to open the repository. */
export function isInitCarried(status: SessionStatus): boolean {
  return allHosts(status).some(
    (host) => isOpenHost(host) && (host.actions ?? []).includes("InitializeBackendRepository"),
  );
}

/** `undone`: it failed or was not tried, which says nothing about the repository. */
export type ActionOutcome = "good" | "bad" | "undone";

/**
 * Condition of an action. A check that could not be done is Unknown: only a repository that was found damaged makes the
 * condition False, and with it the session Failed.
 */
export function conditionOf(action: ToldAction, outcome: ActionOutcome, message: string): EntryCondition {
  const words = WORDS[action];
  const isUnknown = outcome === "undone" && words.type === ConditionType.RepositoryIntegrityVerified;
  return {
    type: words.type,
    status: outcome === "good" ? "True" : isUnknown ? "Unknown" : "False",
    reason: outcome === "good" ? words.good : words.bad,
    message,
  };
}
