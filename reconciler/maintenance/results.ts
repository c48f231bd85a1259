/** What a maintenance found, in the Repository's status. Pure. */
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import type { MaintenanceRun, RepositoryStatus } from "../../shared/api/repository.ts";

/** As many are kept. */
const MAX_RUNS = 10;

/** A check that could not run says nothing. */
function verdictOf({ action, phase, integrity, reason }: HostActionResult): boolean | undefined {
  if (action !== "VerifyRepositoryIntegrity" && action !== "VerifyRepositoryData") return undefined;
  if (integrity !== undefined) return integrity;
  if (phase === "Succeeded") return true;
  return reason === "REPOSITORY_DAMAGED" ? false : undefined;
}

/** The run as it ended takes the place of the one at work. */
export function withRun(status: RepositoryStatus, run: MaintenanceRun): RepositoryStatus {
  const earlier = (status.maintenanceRuns ?? []).filter(({ startedAt }) => startedAt !== run.startedAt);
  return { ...status, maintenanceRuns: [run, ...earlier].slice(0, MAX_RUNS) };
}

/** What single actions found, whatever became of the others. */
export function withResults(
  status: RepositoryStatus,
  run: MaintenanceRun,
  results: readonly HostActionResult[],
): RepositoryStatus {
  const ended = results.filter(({ phase }) => phase !== "Running");
  const checks = ended.filter((result) => verdictOf(result) !== undefined);
  const structure = checks.findLast(({ action }) => action === "VerifyRepositoryIntegrity")?.finishedAt;
  const data = checks.findLast(({ action }) => action === "VerifyRepositoryData")?.finishedAt;
  const pruned = ended.find(({ action, phase }) => action === "PruneRepository" && phase === "Succeeded")?.finishedAt;
  return {
    ...status,
    // Of several checks the worse one counts.
    ...(checks.length > 0 && { integrity: checks.every((result) => verdictOf(result) === true) }),
    ...(structure !== undefined && { lastCheckTime: structure }),
    ...(data !== undefined && { lastReadDataCheckTime: data }),
    ...(data !== undefined && run.readDataSubset !== undefined && { readDataSubset: run.readDataSubset }),
    ...(pruned !== undefined && { lastPruneTime: pruned }),
    ...(pruned !== undefined && run.covers !== undefined && { prunedRemoval: run.covers }),
  };
}

/** How a run ended whose every action has. */
export function endOf(results: readonly HostActionResult[]): Pick<MaintenanceRun, "phase" | "reason" | "message"> {
  const failed = results.filter(({ phase }) => phase === "Failed");
  const first = failed.find(({ reason }) => reason === "REPOSITORY_DAMAGED") ?? failed[0];
  if (first === undefined) return { phase: "Succeeded" };
  return {
    phase: "Failed",
    reason: first.reason ?? "RESTIC_FAILED",
    message: `${first.action}: ${first.message ?? "no detail"}`,
  };
}
