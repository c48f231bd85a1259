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
 * | 7 | one is at work, all its actions have ended | record what they found |
 * | 8 | somebody uses the repository, or the window closed | stop it at once |
 * | 9 | it has taken too long, or its job ended without a word | it failed |
 * | 10 | its job was refused | it failed, with the reason |
 * | 11 | no job | make it |
 * | 12 | the job's pod has no order | give it |
 * | 13 | otherwise | wait |
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { MaintenanceRun, RepositoryStatus } from "../../shared/api/repository.ts";
import { Annotation } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { isWindowOpen } from "../../shared/maintenance-window.ts";
import { formatTime } from "../../shared/status/conditions.ts";
import { backoffMs, dueWork } from "./due.ts";
import { maintenanceJobName } from "./names.ts";
import { endOf, withResults, withRun } from "./results.ts";
import type { MaintenanceJob, MaintenanceView } from "./view.ts";

export type MaintenanceDecision =
  | { readonly kind: "wait"; readonly why: string; readonly requeueAfterMs: number | undefined }
  /** The status counts only on the version that it was decided on. */
  | { readonly kind: "claim"; readonly status: RepositoryStatus; readonly run: MaintenanceRun }
  | { readonly kind: "make-job"; readonly run: MaintenanceRun }
  | { readonly kind: "order"; readonly run: MaintenanceRun; readonly pod: NonNullable<MaintenanceJob["pod"]> }
  | {
      readonly kind: "end";
      readonly status: RepositoryStatus;
      readonly run: MaintenanceRun;
      /** Value of the annotation whose check has an outcome. */
      readonly servedRequest: string | undefined;
    }
  | { readonly kind: "clean-up" };

/** Windows open and work becomes due without an event. */
const LOOK_AGAIN_MS = 60_000;
/** Work that is due daily need not be found to the minute. */
const NOTHING_DUE_MS = 10 * 60_000;
/** What a request asks for. */
const CHECK = "VerifyRepositoryIntegrity";
/** What a job told may come a moment later than its end. */
const WORDS_MS = 10_000;

function wait(why: string, requeueAfterMs: number | undefined): MaintenanceDecision {
  return { kind: "wait", why, requeueAfterMs };
}

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
  if (due.request === undefined) {
    const restMs = (restSinceMs ?? 0) + limits.maintenanceDelayMs - now.getTime();
    // A clock that went back makes no wait longer than it is.
    if (restMs > 0) return wait("the repository was used a moment ago", Math.min(restMs, limits.maintenanceDelayMs));
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

function resultsOf(hostRuns: readonly HostRun[]) {
  return hostRuns.flatMap(({ status }) => status?.results ?? []);
}

function carryOn(view: MaintenanceView, run: MaintenanceRun, now: Date): MaintenanceDecision {
  const { repository, hostRuns, user, jobs, problem, limits, completeForMs } = view;
  const results = resultsOf(hostRuns);
  const isEnded = (action: string): boolean =>
    results.some((result) => result.action === action && result.phase !== "Running");
  const end = (how: Pick<MaintenanceRun, "phase" | "reason" | "message">): MaintenanceDecision => {
    const ended = { ...run, ...how, finishedAt: formatTime(now) };
    const status = withResults(withRun(repository.status ?? {}, ended), run, results);
    // A check that could not run is an answer too, and its words stand in the run. One that was stopped comes again.
    const isAnswered = isEnded(CHECK) || (how.phase === "Failed" && (run.actions ?? []).includes(CHECK));
    const request = repository.metadata.annotations?.[Annotation.CheckRequested];
    return { kind: "end", run: ended, status, servedRequest: isAnswered ? request : undefined };
  };
  const fail = (reason: ErrorCode, message: string) => end({ phase: "Failed", reason, message });
  if ((run.actions ?? []).every(isEnded)) return end(endOf(results));
  if (user !== undefined) return end({ phase: "Stopped", message: `${user} uses the repository` });
  const isRequested = repository.metadata.annotations?.[Annotation.CheckRequested] !== undefined;
  if (!isRequested && !isWindowOpen(repository.spec.maintenance?.window, now)) {
    return end({ phase: "Stopped", message: "its window closed" });
  }
  const leftMs = Date.parse(run.startedAt) + limits.maintenanceMs - now.getTime();
  if (leftMs <= 0) return fail("DEADLINE_EXCEEDED", "it did not end within --maintenance-limit");
  if (problem !== undefined) return fail(problem.code, problem.message);
  const job = jobs.find(({ name }) => name === maintenanceJobName(repository, run.startedAt));
  if (job === undefined) return { kind: "make-job", run };
  const { outcome, pod } = job;
  if (outcome.kind === "failed") return fail(outcome.code, outcome.message);
  if (outcome.kind === "complete") {
    return completeForMs < WORDS_MS
      ? wait("its job has ended", WORDS_MS - completeForMs)
      : fail("JOB_FAILED", "its job ended without a word");
  }
  if (pod !== undefined && hostRuns.length === 0) return { kind: "order", run, pod };
  const message = outcome.kind === "starting" ? outcome.message : "its job is at work";
  return wait(message, Math.min(leftMs, LOOK_AGAIN_MS));
}
