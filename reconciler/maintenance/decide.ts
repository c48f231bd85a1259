/**
 * What is to be done for the maintenance of a Repository now. Reads no clock and writes nothing.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | the Repository is being deleted | nothing: what was made for it goes with it |
 * | 2 | none is at work, something of an earlier one is there | it goes |
 * | 3 | none is at work, nothing is due | wait until something is |
 * | 4 | somebody uses the repository | wait for its end |
 * | 5 | it was used a moment ago, or the window is closed, and nobody asked for it; the last one failed a short while ago | wait |
 * | 6 | otherwise | claim it: one at work at a time, whoever decides |
 * | 7 | one is at work | carry-on.ts says how it goes on |
 */
import type { MaintenanceRun } from "../../shared/api/repository.ts";
import { isWindowOpen } from "../../shared/schedule/maintenance-window.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { carryOn } from "./carry-on.ts";
import { LOOK_AGAIN_MS, type MaintenanceDecision, wait } from "./decision.ts";
import { backoffMs, dueWork, isAsked } from "./due.ts";
import { withRun } from "./results.ts";
import type { MaintenanceView } from "./view.ts";

/** Work that is due daily need not be found to the minute. */
const NOTHING_DUE_MS = 10 * 60_000;

export function decideMaintenance(view: MaintenanceView, now: Date): MaintenanceDecision {
  const { repository } = view;
  if (repository.metadata.deletionTimestamp !== undefined) return wait("the Repository is being deleted", undefined);
  const run = repository.status?.maintenanceRuns?.[0];
  return run?.phase === "Running" ? carryOn(view, run, now) : begin(view, now);
}

function begin(view: MaintenanceView, now: Date): MaintenanceDecision {
  const { repository, jobs, hostRuns, user, restSinceMs, limits } = view;
  if (jobs.length > 0 || hostRuns.length > 0) return { kind: "clean-up" };
  const due = dueWork(view, now);
  if (due.actions.length === 0) return wait("nothing is due", NOTHING_DUE_MS);
  if (user !== undefined) return wait(`${user} uses the repository`, undefined);
  if (!isAsked(due)) {
    const restMs = (restSinceMs ?? 0) + limits.maintenanceDelayMs - now.getTime();
    // A clock that went back makes no wait longer than it is, and an end in the future none.
    if (restMs > 0 && restMs <= 2 * limits.maintenanceDelayMs)
      return wait("the repository was used a moment ago", Math.min(restMs, limits.maintenanceDelayMs));
    if (!isWindowOpen(repository.spec.maintenance?.window, now)) return wait("the window is closed", LOOK_AGAIN_MS);
  }
  const againMs = backoffMs(repository, due, now);
  if (againMs > 0) return wait("the last one failed", againMs);
  const run: MaintenanceRun = {
    phase: "Running",
    startedAt: formatTime(now),
    actions: due.actions,
    ...(due.readDataSubset !== undefined && { readDataSubset: due.readDataSubset }),
    ...(repository.status?.lastRemoval !== undefined && { covers: repository.status.lastRemoval }),
    ...(due.request !== undefined && { request: due.request }),
  };
  return { kind: "claim", run, status: withRun(repository.status ?? {}, run) };
}
