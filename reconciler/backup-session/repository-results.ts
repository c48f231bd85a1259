/** Rows for what agents report about the repository, and for who opens it. Pure. */
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, hasCondition } from "../../shared/status/conditions.ts";
import { type HostEntry, isAssigned, withEntryCondition } from "../run/entries.ts";
import { runHosts, runTargets, withRunHost } from "../run/facts.ts";
import { type ActionOutcome, allHosts, conditionOf, isInitCarried, isToldAction, WORDS } from "./repository-actions.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus } from "./view.ts";

function isCheck(type: ConditionType): boolean {
  return type === ConditionType.RepositoryIntegrityVerified;
}

function outcomeOf(result: HostActionResult): ActionOutcome {
  if (result.integrity === false || result.reason === "REPOSITORY_DAMAGED") return "bad";
  return result.phase === "Succeeded" ? "good" : "undone";
}

function describe(result: HostActionResult): string {
  if (result.phase === "Failed") return `${result.reason ?? "RESTIC_FAILED"}: ${result.message ?? "no detail"}`;
  if (result.kept !== undefined) return `kept ${result.kept} snapshots, removed ${result.removed ?? 0}`;
  return result.message ?? "done";
}

/** Where the host that was to look has not told, another that saved something has found the repository too. */
function foundBySaving(status: SessionStatus, now: Date): Step | undefined {
  if (hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized)) return undefined;
  const saved = allHosts(status).find((host) => host.phase === "Succeeded" && (host.snapshots?.length ?? 0) > 0);
  if (saved === undefined) return undefined;
  const message = `host ${saved.hostname ?? ""} saved its data in it`;
  return { status: withEntryCondition(status, conditionOf("InitializeBackendRepository", "good", message), now) };
}

/** Turns what agents report about the repository into conditions. A check that failed is not outdone by a later one. */
export const repositoryResults: Row = {
  name: "repository work done",
  next(_view, status, now): Step | undefined {
    for (const host of allHosts(status)) {
      for (const result of host.results ?? []) {
        const { action } = result;
        if (result.phase === "Running" || !isToldAction(action)) continue;
        const { type } = WORDS[action];
        const outcome = outcomeOf(result);
        const present = findCondition(status.conditions, type);
        // Two checks share a condition: damage that the second one found still counts.
        const isNews = outcome === "bad" && isCheck(type) && present?.status !== "False";
        if (present !== undefined && !isNews) continue;
        const told = withEntryCondition(status, conditionOf(action, outcome, describe(result)), now);
        const { repositoryID } = result;
        const isNamed = action === "InitializeBackendRepository" && repositoryID !== undefined;
        return { status: isNamed ? { ...told, repositoryID } : told };
      }
    }
    return foundBySaving(status, now);
  },
};

/** The host that was to open the repository ended without saying how that went: the next one is told to. */
export const passInitOn: Row = {
  name: "repository not opened yet",
  next(_view, status): Step | undefined {
    if (hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized) || isInitCarried(status)) {
      return undefined;
    }
    for (const [targetIndex, target] of runTargets(status).entries()) {
      // One that has begun without it looks for nothing any more.
      const hostIndex = runHosts(target).findIndex((host) => host.phase === "Pending" && isAssigned(host));
      if (hostIndex < 0) continue;
      const withInit = (host: HostEntry): HostEntry => ({
        ...host,
        actions: [...(host.actions ?? []), "InitializeBackendRepository"],
      });
      return { status: withRunHost(status, targetIndex, hostIndex, withInit) };
    }
    return undefined;
  },
};
