/** Reads what the decision about one Repository's maintenance needs, from informers and memory alone. */
import type { Repository } from "../../shared/api/repository.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { decideJobOutcome } from "../jobs/decide.ts";
import { jobsOf, podsOf } from "../jobs/gather-of-targets.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/informers.ts";
import { gatherLocksView, NO_LOCKS } from "../world/targets.ts";
import { gatherUsers, type RepositoryUsers, type UsersWorld } from "./users.ts";
import type { MaintenanceJob, MaintenanceView } from "./view.ts";

export type MaintenanceWorld = UsersWorld & Pick<World, "repositories" | "jobs" | "jobPods" | "pods">;

/** A session from its creation on, a restore while it is at work: it may wait a day for its workload before that. */
function userOf({ sessions, restores }: RepositoryUsers): string | undefined {
  const session = sessions.find(({ status }) => !isFinalSessionPhase(status?.phase));
  if (session !== undefined) return formatInvoker({ kind: "BackupSession", ...session.metadata });
  const restore = restores.find(({ status }) => status?.phase === "Running");
  return restore && formatInvoker({ kind: restore.kind, ...restore.metadata });
}

function restSinceMs({ sessions, restores }: RepositoryUsers): number | undefined {
  const ends = [...sessions, ...restores].map(({ status }) =>
    Date.parse((status && "completionTime" in status ? status.completionTime : undefined) ?? ""),
  );
  return ends.reduce<number | undefined>(
    (newest, ms) => (Number.isNaN(ms) ? newest : Math.max(newest ?? ms, ms)),
    undefined,
  );
}

/** What the process itself remembers, and is told. */
export interface MaintenanceMemory extends Pick<MaintenanceView, "problem" | "sinceTryMs" | "limits" | "deletions"> {
  /** For how long the job of this uid is known to be complete. */
  completeForMs(uid: string): number;
}

export function gatherMaintenance(
  world: MaintenanceWorld,
  repository: Repository,
  { completeForMs, ...memory }: MaintenanceMemory,
): MaintenanceView {
  const { namespace, name, uid = "" } = repository.metadata;
  const key = objectKey(namespace, name);
  const owner = { namespace, uid };
  const users = gatherUsers(world, repository);
  const jobs = jobsOf(world, owner).map((job): MaintenanceJob => {
    const pods = podsOf(world, job);
    const pod = pods.filter(({ isTerminating }) => !isTerminating).at(-1);
    const outcome = decideJobOutcome(job, pods);
    return {
      name: job.name,
      namespace: job.namespace,
      uid: job.uid,
      outcome,
      completeForMs: outcome.kind === "complete" ? completeForMs(job.uid) : 0,
      pod: pod && { name: pod.name, uid: pod.uid },
    };
  });
  const hostRuns = [...hostRunsOf(world, namespace, uid).values()];
  const isAsked = hostRuns.some(({ status }) => (status?.locks ?? []).length > 0);
  return {
    repository,
    isPruneWanted: users.invokers.some(({ spec }) => spec.retentionPolicy?.prune === true),
    user: userOf(users),
    restSinceMs: restSinceMs(users),
    jobs,
    hostRuns,
    locks: isAsked ? gatherLocksView(world, key, new Map()) : NO_LOCKS,
    ...memory,
  };
}
