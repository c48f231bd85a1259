/** Row for hosts whose agent was given up because it began again and again: the kubelet may know why. Pure. */
import { isOpenHost } from "./entries.ts";
import { type RunFacts, type RunStatus, type RunStep, withEachHost } from "./facts.ts";

/** An agent does not learn what ended the one before it; the status of its container tells. */
export function stepExplainRestarts<Status extends RunStatus>(
  { pods, words }: RunFacts<Status>,
  status: Status,
): RunStep<Status> | undefined {
  const next = withEachHost(status, ({ host }) => {
    if (isOpenHost(host) || host.reason !== "AGENT_RESTARTED") return host;
    const lastEnd = pods.get(host.podUID ?? "")?.[words.role]?.lastEnd;
    if (lastEnd !== "OOMKilled") return host;
    return { ...host, reason: "OUT_OF_MEMORY", error: `${host.error ?? ""}, the last time for lack of memory` };
  });
  return next === status ? undefined : { status: next };
}
