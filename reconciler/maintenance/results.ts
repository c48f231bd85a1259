/** What a maintenance found, in the Repository's status. Pure. */
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import type { MaintenanceRun, RepositoryStatus } from "../../shared/api/repository.ts";
import { nextReadDataSubset } from "./due.ts";
import { type CheckVerdict, dataFaultsOf, withVerdicts } from "./verdicts.ts";

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

/** Of several checks of one kind the worse one counts; undefined where none came to a verdict. */
function verdictOn(
  action: HostActionResult["action"],
  run: MaintenanceRun,
  ended: readonly HostActionResult[],
): CheckVerdict | undefined {
  const checks = ended.filter((result) => result.action === action && verdictOf(result) !== undefined);
  const last = checks.at(-1);
  if (last === undefined) return undefined;
  return { isGood: checks.every((result) => verdictOf(result) === true), at: last.finishedAt ?? run.startedAt };
}

/** Whether a part was read once more because it is bad: the weekly parts go on from where they were. */
function isRepeat(status: RepositoryStatus, part: string | undefined): boolean {
  if (part === nextReadDataSubset(status.readDataSubset)) return false;
  return dataFaultsOf(status).some((fault) => fault.part === part);
}

/** What single actions found, whatever became of the others. */
export function withResults(
  status: RepositoryStatus,
  run: MaintenanceRun,
  results: readonly HostActionResult[],
): RepositoryStatus {
  const ended = results.filter(({ phase }) => phase !== "Running");
  const structure = verdictOn("VerifyRepositoryIntegrity", run, ended);
  const data = verdictOn("VerifyRepositoryData", run, ended);
  const { readDataSubset: part } = run;
  const isWeekly = data !== undefined && !isRepeat(status, part);
  const pruned = ended.find(({ action, phase }) => action === "PruneRepository" && phase === "Succeeded")?.finishedAt;
  return {
    ...status,
    ...withVerdicts(status, { structure, data }, part),
    ...(structure !== undefined && { lastCheckTime: structure.at }),
    ...(isWeekly && { lastReadDataCheckTime: data.at }),
    ...(isWeekly && part !== undefined && { readDataSubset: part }),
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
