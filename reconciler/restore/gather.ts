/** Reads what the decision about one restore needs, from informers and memory alone. */
import { messageOf, UserError } from "../../shared/errors.ts";
import { formatInvoker, type RestoreInvokerView, restoreInvokerView } from "../../shared/invoker.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { EMPTY_TARGET_KIND, type ResolvedTargetRef, resolveTargetRef, targetKey } from "../../shared/target.ts";
import { mayUseRepository } from "../../shared/usage-policy.ts";
import type { HookRuns } from "../hooks/hook-plan.ts";
import { type GatheredJobs, gatherTargetJobs, jobTargets } from "../jobs/gather-target-jobs.ts";
import { gatherPointSearch } from "../jobs/point-search.ts";
import type { JobProblem } from "../jobs/target-job.ts";
import { foldHostRuns } from "../run/fold-host-runs.ts";
import type { HostRuns } from "../run/host-runs.ts";
import type { Limits, PodFact, WorkloadFact, Workloads } from "../run/world.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import { formerPods, gatherLockOwners, gatherPods, gatherWorkloads, isInitOf } from "../world/targets.ts";
import { isWorkloadKind } from "../world/workload-object.ts";
import type { World } from "../world/world.ts";
import { gatherQuiet, stuckRollout } from "./gather-quiet.ts";
import { searchRunName } from "./host-runs.ts";
import type { RestoreMemories } from "./memory.ts";
import { type RestoreObject, type RestoreStatus, readRestoreStatus } from "./restore-status.ts";
import { runOwnerOf } from "./run-owner.ts";
import { isBegun } from "./start.ts";
import { type GateFact, type HeldPod, hostsOf, type RestoreView, targetsOf } from "./view.ts";

export interface GatherPorts {
  readonly world: World;
  readonly memories: RestoreMemories;
  readonly hookRuns: HookRuns;
  /** Why jobs of the restore could not be made, by position of the member. */
  readonly jobProblems: ReadonlyMap<number, JobProblem>;
  readonly leaderSinceMs: number;
  readonly monotonicMs: number;
  readonly limits: Limits;
}

/** The invoker's view; where the spec can't be read, that of the restore without what can't be. */
function readInvoker(object: RestoreObject): { readonly invoker: RestoreInvokerView; readonly problem?: string } {
  try {
    return { invoker: restoreInvokerView(object) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { timeOut: _timeOut, retryConfig: _retryConfig, ...spec } = object.spec;
    const bare = object.kind === "RestoreBatch" ? { ...object, spec } : { ...object, spec };
    return { invoker: restoreInvokerView(bare), problem: messageOf(error) };
  }
}

/** The workload with the init-containers of this restore alone: pods may still wait in those of another. */
function withOwnInits(workload: WorkloadFact, serves: string): WorkloadFact {
  const pods = workload.pods.flatMap((pod): PodFact[] => {
    const isOwn = pod.restoreInit?.serves === serves;
    return isOwn ? [pod] : [];
  });
  return { ...workload, pods };
}

/** A StatefulSet does not replace a pod that is not ready: such a pod never gets the init-container of this restore. */
function heldElsewhere({ kind, pods }: WorkloadFact, serves: string): readonly HeldPod[] {
  if (kind !== "StatefulSet") return [];
  return pods.flatMap(({ name, restoreInit, isTerminating }): HeldPod[] => {
    const waitsFor = restoreInit?.isRunning === true && !isTerminating ? restoreInit.serves : undefined;
    return waitsFor === undefined || waitsFor === serves ? [] : [{ pod: name, waitsFor }];
  });
}

function gateOf(
  { world, memories, monotonicMs }: GatherPorts,
  key: string,
  ref: ResolvedTargetRef,
  serves: string,
): GateFact {
  const workload = isWorkloadKind(ref.kind) ? world.workloads[ref.kind].get(ref.namespace, ref.name) : undefined;
  return {
    isInjected: workload !== undefined && isInitOf(workload, serves),
    stuck: workload && stuckRollout(workload),
    askedMsAgo: memories.askedMsAgo(key, targetKey(ref), monotonicMs),
  };
}

/** Sessions that are working on one of the targets, and older restores of them. */
function busyTargets(world: World, object: RestoreObject, refs: readonly ResolvedTargetRef[]) {
  const busy = new Map<string, string>();
  const createdAt = object.metadata.creationTimestamp ?? "";
  for (const ref of refs) {
    // Restores that name no target have none in common.
    if (ref.kind === EMPTY_TARGET_KIND) continue;
    const key = targetKey(ref);
    const session = world.sessions
      .byIndex("target", key)
      .find(({ status }) => status?.startTime !== undefined && !isFinalSessionPhase(status.phase));
    const restores = [...world.restoreSessions.byIndex("target", key), ...world.restoreBatches.byIndex("target", key)];
    const older = restores.find(({ metadata, status }) => {
      if (metadata.uid === object.metadata.uid || metadata.deletionTimestamp !== undefined) return false;
      if (isFinalRestorePhase(status?.phase)) return false;
      const other = metadata.creationTimestamp ?? "";
      return other < createdAt || (other === createdAt && metadata.name < object.metadata.name);
    });
    if (session !== undefined) busy.set(key, `BackupSession ${session.metadata.name}`);
    else if (older !== undefined) busy.set(key, formatInvoker({ kind: older.kind, ...older.metadata }));
  }
  return busy;
}

/** Jobs of the members that have one. */
function gatherJobs(
  ports: GatherPorts,
  object: RestoreObject,
  status: RestoreStatus,
  invoker: RestoreInvokerView,
): GatheredJobs {
  const { metadata } = object;
  const targets = jobTargets(status.targets, invoker.members, metadata.namespace);
  const owner = { namespace: metadata.namespace, uid: metadata.uid ?? "" };
  return gatherTargetJobs(ports.world, owner, targets, ports.jobProblems);
}

export interface GatheredRestore {
  /** With what pods told in their host runs. */
  readonly view: RestoreView;
  readonly hostRuns: HostRuns;
  /** Whether the restore as it is stored lacks what pods told. */
  readonly isBehind: boolean;
}

/** What the job that looks for recovery points told, as long as that is about the restore as it is now. */
function foldSearch(
  { memories, world, jobProblems }: GatherPorts,
  key: string,
  object: RestoreObject,
  status: RestoreStatus,
  hostRuns: HostRuns,
): RestoreStatus {
  const { job, pod } = gatherPointSearch(
    world,
    { namespace: object.metadata.namespace, uid: object.metadata.uid ?? "" },
    jobProblems,
  );
  if (isBegun(status) || status.pointSearch !== undefined || job === undefined || pod === undefined) return status;
  const told = hostRuns.get(searchRunName(runOwnerOf(object), pod.uid))?.status?.pointSearch;
  const isCurrent = told?.generation === (object.metadata.generation ?? 0) && !memories.isEndedSearch(key, job.uid);
  return told === undefined || !isCurrent ? status : { ...status, pointSearch: told };
}

/**
 * @param key `Kind/namespace/name` of the restore
 * @param object its newest known state
 */
export function gatherRestore(ports: GatherPorts, key: string, object: RestoreObject): GatheredRestore {
  const { world, memories, monotonicMs } = ports;
  const { namespace, uid = "" } = object.metadata;
  const hostRuns = hostRunsOf(world, namespace, uid);
  const stored = readRestoreStatus(object);
  const folded = foldHostRuns(runOwnerOf(object), stored, hostRuns, "restore");
  const status = foldSearch(ports, key, object, folded.status, hostRuns);
  const hasNews = folded.hasNews || status !== folded.status;
  const isBehind = hasNews || (folded.hasProgress && memories.isProgressDue(key, monotonicMs));
  return { view: viewOf(ports, key, object, status), hostRuns, isBehind };
}

function viewOf(ports: GatherPorts, key: string, object: RestoreObject, status: RestoreStatus): RestoreView {
  const { world, memories } = ports;
  const { invoker, problem } = readInvoker(object);
  const { namespace, name } = object.metadata;
  const serves = `${object.kind}/${name}`;
  const refs = [
    ...targetsOf(status).map(({ ref }) => resolveTargetRef(ref, namespace)),
    ...invoker.members.map(({ ref }) => ref),
  ];
  const all = gatherWorkloads(world, refs, namespace);
  const jobs = gatherJobs(ports, object, status, invoker);
  const workloads: Workloads = new Map([
    ...[...all].map(([target, fact]) => [target, withOwnInits(fact, serves)] as const),
    ...jobs.workloads,
  ]);
  const hosts = targetsOf(status).flatMap(hostsOf);
  // The status has it before the restore begins where a job looks for recovery points; until then the spec counts.
  const repositoryName = (isBegun(status) ? status.repository : undefined) ?? invoker.repository;
  const repositoryNamespace = repositoryName?.namespace ?? namespace;
  const repositoryKey = `${repositoryNamespace}/${repositoryName?.name ?? ""}`;
  const repository =
    repositoryName?.name === undefined ? undefined : world.repositories.get(repositoryNamespace, repositoryName.name);
  const isAsked = hosts.some(({ locks }) => (locks?.length ?? 0) > 0);
  const former = isAsked ? formerPods(world, repositoryKey) : [];
  const uids = hosts.map(({ podUID }) => podUID);
  const pods = new Map([
    ...gatherPods(world, uids, all, namespace),
    ...jobs.pods.map((pod) => [pod.uid, pod] as const),
  ]);
  return {
    object,
    status,
    invoker,
    problem,
    repository,
    mayUseRepository: mayUseRepository({
      usagePolicy: repository?.spec.usagePolicy,
      repositoryNamespace,
      namespace,
      namespaceLabels: world.namespaces.get(undefined, namespace)?.labels ?? {},
    }),
    sessions: world.sessions.byIndex("repository", repositoryKey),
    busyTargets: busyTargets(world, object, refs),
    workloads,
    gates: new Map(refs.map((ref) => [targetKey(ref), gateOf(ports, key, ref, serves)])),
    heldElsewhere: new Map([...all].map(([target, fact]) => [target, heldElsewhere(fact, serves)] as const)),
    pods,
    quiet: gatherQuiet(ports, key, object),
    jobs: jobs.jobs,
    pointSearch: gatherPointSearch(world, { namespace, uid: object.metadata.uid ?? "" }, ports.jobProblems),
    formerPods: former,
    lockOwners: gatherLockOwners(world, former, pods),
    silenceMs: memories.silences(key, status, ports.monotonicMs),
    hookRuns: ports.hookRuns,
    leaderSinceMs: ports.leaderSinceMs,
    limits: ports.limits,
  };
}
