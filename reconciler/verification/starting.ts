/**
 * How the servers of a drill's databases start. Pure.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | one is missing, or has no pod | make it, or learn why there is none; refused for good: the drill ends |
 * | 2 | one has ended, or does not start in time | the drill failed, with its last words |
 * | 3 | all run | their addresses are written down, and the restore begins: it waits until they answer |
 * | 4 | otherwise | tell what they wait for |
 */
import type { DrillServer } from "../../shared/api/backup-verification-session.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isWithoutPod } from "../jobs/of-target.ts";
import type { DrillDecision } from "./decision.ts";
import { again, fail, leftSeconds, type Step, tell, waitFor, whyStuck } from "./step.ts";
import type { DrillJob } from "./view.ts";

/** A wrong image has this next step, whatever the code of its job says of Functions. */
const NEXT = "(next: name an image that the cluster has, of the database's kind and version, in spec.servers)";

interface Seen {
  readonly server: DrillServer;
  readonly job: DrillJob | undefined;
}

function serversOf({ view, status }: Step): readonly Seen[] {
  return (status.servers ?? []).map((server) => ({ server, job: view.serverJobs.get(server.name) }));
}

export function starting(step: Step): DrillDecision {
  const { view, status, now } = step;
  const { problem } = view;
  const servers = serversOf(step);
  const isMissing = servers.some(({ job }) => job === undefined || isWithoutPod(job.outcome));
  if (isMissing && problem !== undefined && problem.isPassing !== true) {
    return fail(step, problem.code, problem.message);
  }
  const ended = serverEnd(step);
  if (ended !== undefined) return ended;
  for (const { server, job } of servers) {
    const why = job && whyStuck(step, job);
    if (why !== undefined) {
      const next = why.code === "IMAGE_UNAVAILABLE" ? ` ${NEXT}` : "";
      return fail(step, why.code, `${server.member}: its server does not start: ${why.message}${next}`);
    }
  }
  if (isMissing) {
    return again(step, { kind: "make-servers", deadlineSeconds: leftSeconds(step) });
  }
  const waiting = servers.find(({ job }) => addressOf(job) === undefined)?.job;
  if (waiting !== undefined) return waitFor(step, waiting);
  const { message: _, ...rest } = status;
  return tell(step, {
    ...rest,
    step: "Restoring",
    stepStartTime: formatTime(now),
    servers: servers.map(({ server, job }) => ({ ...server, address: addressOf(job) ?? "" })),
  });
}

function addressOf(job: DrillJob | undefined): string | undefined {
  return job?.outcome.kind === "running" ? job.pod?.ip : undefined;
}

/** What follows where a server is gone that the drill still needs. */
export function serverEnd(step: Step): DrillDecision | undefined {
  for (const { server, job } of serversOf(step)) {
    const where = `${server.member}: its server (${server.image}) ended`;
    if (job?.outcome.kind === "failed") {
      const { code, message } = job.outcome;
      return fail(step, code, `${where}: ${message}${code === "IMAGE_UNAVAILABLE" ? ` ${NEXT}` : ""}`);
    }
    if (job?.outcome.kind === "complete") return fail(step, "JOB_FAILED", `${where} by itself`);
    // Once it has run, its job is deleted by somebody else alone.
    if (job === undefined && server.address !== undefined) return goneUnlessUnseen(step, server);
  }
  return undefined;
}

function goneUnlessUnseen(step: Step, server: DrillServer): DrillDecision | undefined {
  const isOld = step.now.getTime() - Date.parse(step.status.stepStartTime ?? "") > UNSEEN_MS;
  return isOld ? fail(step, "EXECUTOR_LOST", `${server.member}: the job of its server is gone`) : undefined;
}

/** A process that has just started to lead has all jobs in its informers; this is for their order. */
const UNSEEN_MS = 5_000;
