/** Row for hosts whose job ended before they did: what the job came to is their reason. Pure. */
import { formatTime } from "../../shared/timestamps.ts";
import { isRefused, isStarted } from "../run/completion.ts";
import { hostFailure, isOpenHost } from "../run/entries.ts";
import { type RunStatus, type RunStep, type RunWords, runHosts, runTargets, withEachHost } from "../run/facts.ts";
import { endOf, type JobName, stuckOf, type TargetJobs } from "./of-target.ts";

/**
 * @param jobs of the status that is decided on
 * @param waitMs longest wait of a container that can't start
 */
export function stepEndedJob<Status extends RunStatus>(
  jobs: TargetJobs,
  status: Status,
  now: Date,
  waitMs: number,
): RunStep<Status> | undefined {
  const next = withEachHost(status, ({ target, targetIndex, host }) => {
    const job = jobs.get(targetIndex);
    if (job === undefined || !isStarted(target) || !isOpenHost(host)) return host;
    const outcome = job.hosts.find(({ hostname }) => hostname === host.hostname)?.outcome;
    const end = endOf(outcome) ?? stuckOf(outcome, now, waitMs);
    return end === undefined ? host : { ...host, ...hostFailure(end.code, end.message, formatTime(now)) };
  });
  return next === status ? undefined : { status: next };
}

/**
 * Jobs that nobody waits for any more and that would never end by themselves: of targets that were refused, and of hosts
 * that were given up because their container can't start.
 */
export function jobsToEnd<Status extends RunStatus>(
  jobs: TargetJobs,
  status: Status,
  words: RunWords,
  now: Date,
  waitMs: number,
): readonly JobName[] {
  return runTargets(status).flatMap((target, index) => {
    const hosts = runHosts(target);
    return (jobs.get(index)?.hosts ?? []).flatMap(({ hostname, job, outcome }) => {
      if (job === undefined || outcome?.kind !== "starting") return [];
      const isGivenUp = hosts.some((host) => host.hostname === hostname && !isOpenHost(host));
      const isStuck = isGivenUp && stuckOf(outcome, now, waitMs) !== undefined;
      return isStuck || isRefused(words, target) ? [job] : [];
    });
  });
}
