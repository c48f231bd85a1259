/** The jobs of a session's or restore's targets, from the informers, in the shapes that sequencing reads. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import type { Informer } from "../../shared/kube/cache/informer.ts";
import { type ResolvedTargetRef, resolveTargetRef, type TargetRefLike, targetKey } from "../../shared/target/ref.ts";
import { jobKey, type PodFact, type WorkloadFact } from "../run/world.ts";
import { decideJobOutcome } from "./decide.ts";
import { isJobMember, jobHosts } from "./host.ts";
import type { JobFact, JobPodFact } from "./object.ts";
import type { JobProblem, TargetJob, TargetJobs } from "./of-target.ts";

export interface JobWorld {
  readonly jobs: Informer<JobFact, "owner">;
  readonly jobPods: Pick<Informer<JobPodFact, "job">, "byIndex">;
}

/** The session or restore whose jobs are meant. An owner's uid alone is not enough: everybody may write one into his own namespace. */
export interface JobsOwner {
  readonly namespace: string;
  readonly uid: string;
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
 * @param targets those that jobs work for
 * @param problems why jobs could not be made, by position of the target
 */
export function gatherTargetJobs(
  world: JobWorld,
  owner: JobsOwner,
  targets: readonly JobTargetRef[],
  problems: ReadonlyMap<number, JobProblem>,
): GatheredJobs {
  const jobs = new Map<number, TargetJob>();
  const workloads: (readonly [string, WorkloadFact])[] = [];
  if (targets.length === 0) return { jobs, workloads, pods: [] };
  const known = jobsOf(world, owner);
  const pods = known.flatMap((job) => podsOf(world, job).map((pod) => podFact(pod, appOf(targets, job))));
  for (const { index, ref, alias, member } of targets) {
    const hosts = jobHosts(member).map(({ hostname }) => {
      const job = known.find((one) => one.targetIndex === index && one.hostname === hostname);
      const own = job === undefined ? [] : podsOf(world, job);
      const outcome = job === undefined ? undefined : decideJobOutcome(job, own);
      return { hostname, job, outcome, pods: own.map((pod) => podFact(pod, appName(ref))) };
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
  return { jobs, workloads, pods };
}

/** Jobs that the session or restore controls, in its own namespace. */
export function jobsOf(world: Pick<JobWorld, "jobs">, { namespace, uid }: JobsOwner): readonly JobFact[] {
  return world.jobs.byIndex("owner", uid).filter((job) => job.namespace === namespace);
}

/** Pods that the job controls, in its own namespace. */
export function podsOf(world: Pick<JobWorld, "jobPods">, { namespace, uid }: JobFact): readonly JobPodFact[] {
  return world.jobPods.byIndex("job", uid).filter((pod) => pod.namespace === namespace);
}

function appOf(targets: readonly JobTargetRef[], job: JobFact): string | undefined {
  const target = targets.find(({ index }) => index === job.targetIndex);
  return target && appName(target.ref);
}

/** The AppBinding that the invoker names: what a pod says of itself is its namespace's to write. */
function appName({ kind, name }: ResolvedTargetRef): string | undefined {
  return kind === KINDS.AppBinding.kind ? name : undefined;
}

/**
 * A job's pod can serve its host while one of its containers runs.
 *
 * @param behindApp as in PodFact
 */
export function podFact(pod: JobPodFact, behindApp?: string): PodFact {
  const running = pod.containers.find(({ isRunning }) => isRunning);
  const agent = {
    isRunning: running !== undefined,
    startedAtMs: running?.startedAtMs,
    message: undefined,
    serves: undefined,
  };
  // Whatever runs beside it, as a proxy that a mesh puts in: what counts is whether one of ours does.
  const isMute = !pod.containers.some(({ isRunning, name }) => isRunning && pod.ownSteps.includes(name));
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
    graceSeconds: pod.graceSeconds,
    isSilent: running !== undefined && isMute,
    isMute,
    behindApp,
  };
}
