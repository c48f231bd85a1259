/** The jobs of a session's or restore's targets, from the informers, in the shapes that sequencing reads. */
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker.ts";
import type { Informer } from "../../shared/kube/informer.ts";
import { type ResolvedTargetRef, resolveTargetRef, type TargetRefLike, targetKey } from "../../shared/target.ts";
import { jobKey, type PodFact, type WorkloadFact } from "../run/world.ts";
import { decideJobOutcome } from "./decide-outcome.ts";
import { isJobMember, jobHosts } from "./job-host.ts";
import type { JobFact, JobPodFact } from "./job-object.ts";
import type { JobProblem, TargetJob, TargetJobs } from "./target-job.ts";

export interface JobWorld {
  readonly jobs: Informer<JobFact, "owner">;
  readonly jobPods: Informer<JobPodFact, "owner">;
}

export interface JobTargetRef {
  readonly index: number;
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
  readonly member: BackupMemberView | RestoreMemberView;
}

/**
 * The targets that jobs work for. Before a run has entries its members count: the entries are made of them in their order, and
 * decided on in the same pass.
 */
export function jobTargets(
  entries: readonly { readonly ref?: TargetRefLike; readonly alias?: string }[] | undefined,
  members: readonly (BackupMemberView | RestoreMemberView)[],
  namespace: string,
): readonly JobTargetRef[] {
  return (entries ?? members).flatMap(({ ref, alias }, index) => {
    const resolved = resolveTargetRef(ref, namespace);
    const key = targetKey(resolved);
    const member = members.find((one) => targetKey(one.ref) === key && (one.alias ?? "") === (alias ?? ""));
    return member === undefined || !isJobMember(member) ? [] : [{ index, ref: resolved, alias, member }];
  });
}

export interface GatheredJobs {
  readonly jobs: TargetJobs;
  /** To be added to the workloads and pods of the view. */
  readonly workloads: readonly (readonly [string, WorkloadFact])[];
  readonly pods: readonly PodFact[];
}

/**
 * @param ownerUid of the session or restore
 * @param targets those that jobs work for
 * @param problems why jobs could not be made, by position of the target
 */
export function gatherTargetJobs(
  world: JobWorld,
  ownerUid: string,
  targets: readonly JobTargetRef[],
  problems: ReadonlyMap<number, JobProblem>,
): GatheredJobs {
  const jobs = new Map<number, TargetJob>();
  const workloads: (readonly [string, WorkloadFact])[] = [];
  if (targets.length === 0) return { jobs, workloads, pods: [] };
  const known = world.jobs.byIndex("owner", ownerUid);
  const pods = world.jobPods.byIndex("owner", ownerUid);
  for (const { index, ref, alias, member } of targets) {
    const hosts = jobHosts(member).map(({ hostname }) => {
      const job = known.find((one) => one.targetIndex === index && one.hostname === hostname);
      const own = job === undefined ? [] : pods.filter(({ jobUid }) => jobUid === job.uid);
      const outcome = job === undefined ? undefined : decideJobOutcome(job, own);
      return { hostname, job, outcome, pods: own.map(podFact) };
    });
    jobs.set(index, { problem: problems.get(index), hosts });
    workloads.push([
      jobKey(targetKey(ref), alias),
      {
        ...ref,
        uid: hosts[0]?.job?.uid ?? "",
        replicas: hosts.length,
        firstOrdinal: 0,
        pods: hosts.flatMap((host) => host.pods),
        jobHosts: hosts,
      },
    ]);
  }
  return { jobs, workloads, pods: pods.map(podFact) };
}

/** A job's pod can serve its host while one of its containers runs. */
function podFact(pod: JobPodFact): PodFact {
  const running = pod.containers.find(({ isRunning }) => isRunning);
  const agent = {
    isRunning: running !== undefined,
    startedAtMs: running?.startedAtMs,
    message: undefined,
    serves: undefined,
  };
  const names = pod.containers.map(({ name }) => name);
  return {
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    nodeName: pod.nodeName,
    podIp: pod.podIp,
    createdAtMs: pod.createdAtMs,
    isReady: running !== undefined,
    isTerminating: pod.isTerminating,
    isEnded: pod.phase === "Succeeded" || pod.phase === "Failed",
    // L72: a command without a container's name runs in the one that runs.
    containers: running === undefined ? names : [running.name, ...names.filter((name) => name !== running.name)],
    sidecar: agent,
    restoreInit: agent,
    isSilent: running !== undefined && !pod.ownSteps.includes(running.name),
    behindService: pod.service,
  };
}
