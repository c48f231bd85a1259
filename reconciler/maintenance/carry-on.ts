/**
 * How a maintenance that is at work goes on. Reads no clock and writes nothing.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | all its actions have ended | record what they found |
 * | 2 | somebody uses the repository, or the window closed | stop it at once |
 * | 3 | it has taken too long, or its job was refused for good | it failed, with the reason |
 * | 4 | its pod said whose the repository is, and left it alone | from here on its job is one that runs as the owner; where that says the same, it failed |
 * | 5 | its job failed, or ended without a word | it failed |
 * | 6 | nothing of its job has run within the time that jobs of members have for that | it failed, with what it waited for |
 * | 7 | no job, or one without a pod | make it, or learn why there is none |
 * | 8 | the job's pod is not the one in the status | write it there: its locks are known by that |
 * | 9 | that pod has no order | give it |
 * | 10 | locks are in its way whose owner is gone | say so |
 * | 11 | what it waits for is not in the status | write it there |
 * | 12 | otherwise | wait |
 */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { MaintenanceRun } from "../../shared/api/repository.ts";
import { Annotation } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { isWindowOpen } from "../../shared/schedule/maintenance-window.ts";
import type { DeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { JobOutcome } from "../jobs/decide.ts";
import { isWithoutPod, stuckOf } from "../jobs/of-target.ts";
import { type Sighting, withSighting } from "../repository/identity.ts";
import { answerLocks } from "../run/locks.ts";
import { LOOK_AGAIN_MS, type MaintenanceDecision, type RepositoryOwner, wait } from "./decision.ts";
import { maintenanceJobName } from "./names.ts";
import { endOf, withResults, withRun } from "./results.ts";
import type { MaintenanceJob, MaintenanceView } from "./view.ts";

/** What a request asks for. */
const CHECK = "VerifyRepositoryIntegrity";
/** What a job told may come a moment later than its end. */
const WORDS_MS = 10_000;
/** Between two tries to make a job, or to learn why it has no pod. */
const TRY_AGAIN_MS = 5_000;
/** Pods start within moments: nobody need read of that. */
const TELL_AFTER_MS = 10_000;

export function carryOn(view: MaintenanceView, run: MaintenanceRun, now: Date): MaintenanceDecision {
  const { repository, hostRuns, user, jobs, problem, limits } = view;
  const refused = hostRuns.filter(({ status }) => status?.owner !== undefined);
  const results = resultsOf(hostRuns.filter((one) => !refused.includes(one)));
  const isEnded = (action: string): boolean =>
    results.some((result) => result.action === action && result.phase !== "Running");
  const end = (how: Pick<MaintenanceRun, "phase" | "reason" | "message">): MaintenanceDecision => {
    const { message: _, ...rest } = run;
    const ended = { ...rest, ...how, finishedAt: formatTime(now) };
    const seen = sightingsOf(hostRuns, run).reduce(
      (known, sighting) => withSighting(known, sighting, now),
      withRun(repository.status ?? {}, ended),
    );
    const status = withResults(seen, run, results);
    // A check that could not run is an answer too, and its words stand in the run. One that was stopped comes again.
    const isAnswered = isEnded(CHECK) || (how.phase === "Failed" && (run.actions ?? []).includes(CHECK));
    const request = repository.metadata.annotations?.[Annotation.CheckRequested];
    const servedDeletions = servedIn(view);
    return { kind: "end", run: ended, status, servedRequest: isAnswered ? request : undefined, servedDeletions };
  };
  const fail = (reason: ErrorCode, message: string) => end({ phase: "Failed", reason, message });
  if (actionsOf(view, run).every(isEnded)) return end(endOf(results));
  if (user !== undefined) return end({ phase: "Stopped", message: `${user} uses the repository` });
  const isRequested = repository.metadata.annotations?.[Annotation.CheckRequested] !== undefined;
  const isWaitedFor = isRequested || actionsOf(view, run).includes("DeleteSnapshots");
  if (!isWaitedFor && !isWindowOpen(repository.spec.maintenance?.window, now)) {
    return end({ phase: "Stopped", message: "its window closed" });
  }
  const leftMs = Date.parse(run.startedAt) + limits.maintenanceMs - now.getTime();
  if (leftMs <= 0) return fail("DEADLINE_EXCEEDED", "it did not end within --maintenance-limit");
  if (problem !== undefined && problem.isPassing !== true) return fail(problem.code, problem.message);
  const [other, again] = refused;
  const owner = other?.status?.owner;
  if (again !== undefined) {
    return fail(
      "REPOSITORY_OWNER",
      `it belongs to user ${owner?.user}:${owner?.group}, and no pod could run as that user`,
    );
  }
  const name = maintenanceJobName(repository, run.startedAt, owner);
  const job = jobs.find((one) => one.name === name);
  const outcome: JobOutcome = job?.outcome ?? {
    kind: "starting",
    code: "EXECUTOR_LOST",
    message: `job ${name} is not made yet`,
    sinceMs: Date.parse(run.startedAt),
  };
  if (outcome.kind === "failed") return fail(outcome.code, outcome.message);
  if (outcome.kind === "complete") {
    const completeForMs = job?.completeForMs ?? 0;
    return completeForMs < WORDS_MS
      ? wait("its job has ended", WORDS_MS - completeForMs)
      : fail("JOB_FAILED", "its job ended without a word");
  }
  // After an outage a job that nobody tried to make since has its try.
  const isTried = job !== undefined || view.sinceTryMs.has(name);
  const stuck = isTried ? stuckOf(outcome, now, limits.podWaitMs) : undefined;
  // Why there is no pod says more than that there is none.
  if (stuck !== undefined)
    return isWithoutPod(outcome) && problem ? fail(problem.code, problem.message) : fail(stuck.code, stuck.message);
  if (job === undefined || isWithoutPod(outcome)) return makeJob(view, run, owner, name);
  if (job.pod !== undefined && job.pod.uid !== run.podUID) return tell(view, withPod(run, job.pod, now));
  if (job.pod !== undefined && !isOrdered(hostRuns, job.pod)) return { kind: "order", run, pod: job.pod };
  const answer = answerTo(view);
  if (answer !== undefined) return answer;
  if (outcome.kind === "running")
    return told(view, run, undefined) ?? wait("its job is at work", Math.min(leftMs, LOOK_AGAIN_MS));
  const waitedMs = now.getTime() - outcome.sinceMs;
  if (waitedMs < TELL_AFTER_MS) return wait(outcome.message, TELL_AFTER_MS - waitedMs);
  return (
    told(view, run, outcome.message) ?? wait(outcome.message, Math.min(limits.podWaitMs - waitedMs, LOOK_AGAIN_MS))
  );
}

/** What is done of what the status lists: that may be written by others, who get no other work done by it. */
export function actionsOf(
  { isPruneWanted, deletions }: Pick<MaintenanceView, "isPruneWanted" | "deletions">,
  { actions = [] }: MaintenanceRun,
): readonly HostAction[] {
  return actions.filter(
    (action) =>
      action.startsWith("Verify") ||
      (action === "PruneRepository" && isPruneWanted) ||
      (action === "DeleteSnapshots" && deletions.length > 0),
  );
}

/** Those that a pod was given and that it says are done. */
function servedIn({ hostRuns, deletions }: MaintenanceView): readonly DeletionOrder[] {
  const done = hostRuns.filter(({ status }) =>
    (status?.results ?? []).some(({ action, phase }) => action === "DeleteSnapshots" && phase === "Succeeded"),
  );
  const gone = new Set(done.flatMap(({ spec }) => spec.actionParams?.snapshots ?? []));
  return deletions.filter(({ snapshot }) => gone.has(snapshot));
}

function resultsOf(hostRuns: readonly HostRun[]) {
  return hostRuns.flatMap(({ status }) => status?.results ?? []);
}

/** Which repository its pods found. They work for the Repository alone. */
function sightingsOf(hostRuns: readonly HostRun[], run: MaintenanceRun): readonly Sighting[] {
  return hostRuns.flatMap(({ spec, status }) => {
    const id = (status?.results ?? []).find(({ repositoryID }) => repositoryID !== undefined)?.repositoryID;
    if (id === undefined) return [];
    const { backend } = spec.repository ?? {};
    return [{ id, isMade: false, atMs: Date.parse(run.startedAt), by: "a run of checks and prune", backend }];
  });
}

function isOrdered(hostRuns: readonly HostRun[], pod: NonNullable<MaintenanceJob["pod"]>): boolean {
  return hostRuns.some(({ spec }) => spec.pod.uid === pod.uid);
}

function answerTo({ hostRuns, locks }: MaintenanceView): MaintenanceDecision | undefined {
  for (const hostRun of hostRuns) {
    const known = hostRun.spec.actionParams?.removableLocks;
    const removableLocks = answerLocks(locks, hostRun.status?.locks, known);
    if (removableLocks !== undefined) return { kind: "answer-locks", hostRun, removableLocks };
  }
  return undefined;
}

/** What keeps the job from being made may pass, as a quota that is used up. */
function makeJob(
  view: MaintenanceView,
  run: MaintenanceRun,
  owner: RepositoryOwner | undefined,
  name: string,
): MaintenanceDecision {
  const { problem, sinceTryMs } = view;
  const againMs = TRY_AGAIN_MS - (sinceTryMs.get(name) ?? TRY_AGAIN_MS);
  if (againMs <= 0) return { kind: "make-job", run, owner };
  return (problem && told(view, run, problem.message)) ?? wait(problem?.message ?? "its job has no pod yet", againMs);
}

function tell({ repository }: MaintenanceView, run: MaintenanceRun): MaintenanceDecision {
  return { kind: "tell", run, status: withRun(repository.status ?? {}, run) };
}

/** @returns undefined where the status says it already */
function told(
  view: MaintenanceView,
  run: MaintenanceRun,
  message: string | undefined,
): MaintenanceDecision | undefined {
  if (run.message === message) return undefined;
  const { message: _, ...rest } = run;
  return tell(view, { ...rest, ...(message !== undefined && { message }) });
}

function withPod(run: MaintenanceRun, pod: NonNullable<MaintenanceJob["pod"]>, now: Date): MaintenanceRun {
  const { pod: former, podUID, assignedAt, ...rest } = run;
  const earlier =
    podUID === undefined
      ? []
      : [{ ...(former !== undefined && { pod: former }), podUID, ...(assignedAt !== undefined && { assignedAt }) }];
  const formerPods = [...(run.formerPods ?? []), ...earlier];
  return {
    ...rest,
    pod: pod.name,
    podUID: pod.uid,
    assignedAt: formatTime(now),
    ...(formerPods.length > 0 && { formerPods }),
  };
}
