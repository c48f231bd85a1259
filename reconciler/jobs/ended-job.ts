/** Row for hosts whose job ended before they did: what the job came to is their reason. Pure. */
import { formatTime } from "../../shared/status/conditions.ts";
import { hostFailure, isOpenHost } from "../run/entries.ts";
import { type RunStatus, type RunStep, runHosts, runTargets, withRunHost } from "../run/run-facts.ts";
import { isStarted } from "../run/settled.ts";
import { endOf, type TargetJobs } from "./target-job.ts";

/** @param jobs of the status that is decided on */
export function stepEndedJob<Status extends RunStatus>(
  jobs: TargetJobs,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  for (const [targetIndex, target] of runTargets(status).entries()) {
    const job = jobs.get(targetIndex);
    if (job === undefined || !isStarted(target)) continue;
    for (const [hostIndex, host] of runHosts(target).entries()) {
      if (!isOpenHost(host)) continue;
      const end = endOf(job.hosts.find(({ hostname }) => hostname === host.hostname)?.outcome);
      if (end === undefined) continue;
      const failure = hostFailure(end.code, end.message, formatTime(now));
      return { status: withRunHost(status, targetIndex, hostIndex, (old) => ({ ...old, ...failure })) };
    }
  }
  return undefined;
}
