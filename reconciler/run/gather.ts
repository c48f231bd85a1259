/** Reads what the decision about one run needs, from informers and memory alone. */
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { type ResolvedTargetRef, resolveTargetRef } from "../../shared/target/ref.ts";
import { readOwed } from "../hooks/owed.ts";
import { gatherTargetJobs, jobTargets } from "../jobs/gather-of-targets.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import { clusterIdOf } from "../world/informers.ts";
import { gatherLocksView, gatherPods, gatherWorkloads, NO_LOCKS } from "../world/targets.ts";
import { isBegun } from "./completion.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import { foldHostRuns } from "./fold-host-runs.ts";
import type { HostRuns } from "./host-runs.ts";
import type { GatherPorts, RunKind } from "./kind.ts";
import { type RunObject, type RunView, runOwnerOf } from "./view.ts";
import type { Workloads } from "./world.ts";

export interface GatheredRun<View> {
  /** With what pods told in their host runs. */
  readonly view: View;
  /** Whether the run as it is stored lacks what pods told. */
  readonly isBehind: boolean;
}

export interface KnownRun<Status> {
  /** Its whole status as it is stored. */
  readonly stored: Status;
  readonly hostRuns: HostRuns;
}

/**
 * @param key of the run in memory
 * @param run its newest known state
 */
export function gatherRun<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
>(
  kind: RunKind<Run, View, Status, Own, Memory>,
  ports: GatherPorts<Run, Memory>,
  key: string,
  run: Run,
  { stored, hostRuns }: KnownRun<Status>,
): GatheredRun<View> {
  const { memories, monotonicMs } = ports;
  const folded = foldHostRuns(runOwnerOf(run), stored, hostRuns, kind.words.work);
  const status = kind.fold(ports, key, run, folded.status, hostRuns);
  const hasNews = folded.hasNews || status !== folded.status;
  // That a host lives is written with the next news, or after a while.
  const isBehind = hasNews || (folded.hasProgress && memories.isProgressDue(key, monotonicMs));
  return { view: kind.viewOf(ports, key, run, status), isBehind };
}

/** What the invoker of a run names. */
export interface RunPlan {
  readonly members: readonly (BackupMemberView | RestoreMemberView)[];
  readonly repository: { readonly name?: string; readonly namespace?: string } | undefined;
}

export interface CommonView<Run extends RunObject, Status> {
  readonly view: Omit<RunView<Run, Status>, "busyTargets">;
  /** Targets of the run: those of its entries, and before it began those of the invoker. */
  readonly refs: readonly ResolvedTargetRef[];
  readonly workloads: Workloads;
  readonly repositoryNamespace: string;
  readonly repositoryKey: string;
}

/** The part of the view that is the same for every kind of run. */
export function gatherCommon<Run extends RunObject, Status extends RunStatus, Memory>(
  ports: GatherPorts<Run, Memory>,
  key: string,
  object: Run,
  status: Status,
  plan: RunPlan,
): CommonView<Run, Status> {
  const { world, memories, monotonicMs, hookRuns, leaderSinceMs, limits, jobProblems } = ports;
  const { namespace, uid = "" } = object.metadata;
  const entries = runTargets(status).map(({ ref }) => resolveTargetRef(ref, namespace));
  const refs = entries.length > 0 ? entries : plan.members.map(({ ref }) => ref);
  const workloads = gatherWorkloads(world, refs, namespace);
  const targets = jobTargets(status.targets, plan.members, namespace);
  const jobs = gatherTargetJobs(world, { namespace, uid }, targets, jobProblems);
  const hosts = runTargets(status).flatMap((target) => runHosts(target));
  // A status may name it before the run begins; until then the spec counts.
  const repository = (isBegun(status) ? status.repository : undefined) ?? plan.repository;
  const repositoryNamespace = repository?.namespace ?? namespace;
  const repositoryKey = `${repositoryNamespace}/${repository?.name ?? ""}`;
  const isAsked = hosts.some(({ locks }) => (locks?.length ?? 0) > 0);
  const uids = hosts.map(({ podUID }) => podUID);
  const pods = new Map([
    ...gatherPods(world, uids, workloads, namespace),
    ...jobs.pods.map((pod) => [pod.uid, pod] as const),
  ]);
  const view = {
    object,
    status,
    repository:
      repository?.name === undefined ? undefined : world.repositories.get(repositoryNamespace, repository.name),
    clusterId: clusterIdOf(world),
    workloads: new Map([...workloads, ...jobs.workloads]),
    pods,
    jobs: jobs.jobs,
    ...(isAsked ? gatherLocksView(world, repositoryKey, pods) : NO_LOCKS),
    heartbeatAgesMs: memories.heartbeatAges(key, status, pods, monotonicMs),
    hookRuns,
    owed: readOwed(hostRunsOf(world, namespace, uid)),
    leaderSinceMs,
    limits,
  };
  return { view, refs, workloads, repositoryNamespace, repositoryKey };
}
