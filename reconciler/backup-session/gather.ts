/** Reads what the decision about one session needs, from informers and memory alone. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { formatInvoker } from "../../shared/invoker.ts";
import { isFinalSessionPhase, isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { type ResolvedTargetRef, resolveTargetRef, targetKey } from "../../shared/target.ts";
import type { HookRuns } from "../hooks/hook-plan.ts";
import { type GatheredJobs, gatherTargetJobs, jobTargets } from "../jobs/gather-target-jobs.ts";
import type { JobProblem } from "../jobs/target-job.ts";
import { foldHostRuns } from "../run/fold-host-runs.ts";
import type { HostRuns } from "../run/host-runs.ts";
import type { Limits } from "../run/world.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import { findInvokerObject, gatherInvoker, type InvokerName } from "../world/invokers.ts";
import { formerPods, gatherLockOwners, gatherPods, gatherWorkloads, openRestores } from "../world/targets.ts";
import type { World } from "../world/world.ts";
import type { SessionMemories } from "./memory.ts";
import { runOwnerOf } from "./run-owner.ts";
import { hostsOf, type InvokerFact, type SessionView, type SiblingSession, targetsOf } from "./view.ts";
import { wholeSession } from "./whole-session.ts";

export interface GatherPorts {
  readonly world: World;
  readonly memories: SessionMemories;
  readonly hookRuns: HookRuns;
  /** Why jobs of the session could not be made, by position of the target. */
  readonly jobProblems: ReadonlyMap<number, JobProblem>;
  readonly leaderSinceMs: number;
  readonly monotonicMs: number;
  readonly limits: Limits;
}

function invokerName(session: BackupSession): InvokerName | undefined {
  const { invoker } = session.spec;
  return invoker && { kind: invoker.kind, namespace: session.metadata.namespace, name: invoker.name };
}

function invokerKey(session: BackupSession): string {
  return `${session.spec.invoker?.kind}/${session.metadata.namespace}/${session.spec.invoker?.name}`;
}

interface FoundInvoker {
  readonly invoker: InvokerFact | undefined;
  readonly problem: string | undefined;
}

function findInvoker({ world, memories }: GatherPorts, key: string, session: BackupSession): FoundInvoker {
  const id = invokerName(session);
  const object = id && findInvokerObject(world, id);
  if (object === undefined) {
    // An invoker that vanished under a running session still has after-hooks to run.
    const last = memories.invoker(key);
    const invoker = last && { ...last, view: { ...last.view, isBeingDeleted: true } };
    return { invoker, problem: undefined };
  }
  const { metadata, status } = object;
  try {
    const unmet = (status?.conditions ?? []).filter((condition) => condition.status !== "True");
    const recoveryPoint = Date.parse(status?.lastRecoveryPoint?.time ?? "");
    const invoker: InvokerFact = {
      ...gatherInvoker(world, object),
      phase: status?.phase,
      isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
      message: unmet.map(({ type, message }) => `${type}: ${message ?? ""}`).join("; "),
      lastRecoveryPointMs: Number.isNaN(recoveryPoint) ? undefined : recoveryPoint,
    };
    memories.keepInvoker(key, invoker);
    return { invoker, problem: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { invoker: memories.invoker(key), problem: messageOf(error) };
  }
}

function sibling(session: BackupSession): SiblingSession {
  const { metadata, spec, status } = session;
  return {
    name: metadata.name,
    createdAtMs: Date.parse(metadata.creationTimestamp ?? "") || 0,
    phase: status?.phase,
    isStarted: status?.startTime !== undefined,
    retryOf: spec.retryOf,
  };
}

/** Sessions of other invokers that are working on one of the targets now. */
function busyTargets(world: World, session: BackupSession, refs: readonly ResolvedTargetRef[]) {
  const busy = new Map<string, string>();
  for (const ref of refs) {
    const key = targetKey(ref);
    const other = world.sessions.byIndex("target", key).find((candidate) => {
      if (invokerKey(candidate) === invokerKey(session) || isFinalSessionPhase(candidate.status?.phase)) return false;
      return targetsOf(wholeSession(world, candidate).status ?? {}).some(
        (target) =>
          targetKey(resolveTargetRef(target.ref, candidate.metadata.namespace)) === key &&
          target.totalHosts !== undefined &&
          !(target.phase !== undefined && isFinalTargetPhase(target.phase)),
      );
    });
    if (other !== undefined) busy.set(key, other.metadata.name);
  }
  return busy;
}

/** Targets of the session: those of its entries, and before it began those of the invoker. */
function targetRefs(session: BackupSession, invoker: InvokerFact | undefined): readonly ResolvedTargetRef[] {
  const entries = targetsOf(session.status ?? {}).map(({ ref }) => resolveTargetRef(ref, session.metadata.namespace));
  return entries.length > 0 ? entries : (invoker?.view.members ?? []).map(({ ref }) => ref);
}

/** Jobs of the targets that have one. */
function gatherJobs(ports: GatherPorts, session: BackupSession, invoker: InvokerFact | undefined): GatheredJobs {
  const { metadata, status } = session;
  const targets = jobTargets(status?.targets, invoker?.view.members ?? [], metadata.namespace);
  const owner = { namespace: metadata.namespace, uid: metadata.uid ?? "" };
  return gatherTargetJobs(ports.world, owner, targets, ports.jobProblems);
}

export interface GatheredSession {
  /** With what pods told in their host runs. */
  readonly view: SessionView;
  readonly hostRuns: HostRuns;
  /** Whether the session as it is stored lacks what pods told. */
  readonly isBehind: boolean;
}

/**
 * @param key `namespace/name` of the session
 * @param stored its newest known state
 */
export function gatherSession(ports: GatherPorts, key: string, stored: BackupSession): GatheredSession {
  const { world, memories, monotonicMs } = ports;
  const { namespace: home, uid = "" } = stored.metadata;
  const hostRuns = hostRunsOf(world, home, uid);
  const folded = foldHostRuns(runOwnerOf(stored), stored.status ?? {}, hostRuns, "backup");
  const session = folded.hasNews || folded.hasProgress ? { ...stored, status: folded.status } : stored;
  // That a host lives is written with the next news, or after a while.
  const isBehind = folded.hasNews || (folded.hasProgress && memories.isProgressDue(key, monotonicMs));
  return { view: viewOf(ports, key, session), hostRuns, isBehind };
}

function viewOf(ports: GatherPorts, key: string, session: BackupSession): SessionView {
  const { world, memories } = ports;
  const found = findInvoker(ports, key, session);
  const refs = targetRefs(session, found.invoker);
  const jobs = gatherJobs(ports, session, found.invoker);
  const workloads = new Map([...gatherWorkloads(world, refs, session.metadata.namespace), ...jobs.workloads]);
  const hosts = targetsOf(session.status ?? {}).flatMap(hostsOf);
  const repositoryName = session.status?.repository ?? found.invoker?.view.repository;
  const namespace = repositoryName?.namespace ?? session.metadata.namespace;
  const isAsked = hosts.some(({ locks }) => (locks?.length ?? 0) > 0);
  const former = isAsked ? formerPods(world, `${namespace}/${repositoryName?.name ?? ""}`) : [];
  const uids = hosts.map(({ podUID }) => podUID);
  const pods = new Map([
    ...gatherPods(world, uids, workloads, session.metadata.namespace),
    ...jobs.pods.map((pod) => [pod.uid, pod] as const),
  ]);
  return {
    session,
    invoker: found.invoker,
    invokerProblem: found.problem,
    repository: repositoryName?.name === undefined ? undefined : world.repositories.get(namespace, repositoryName.name),
    siblings: world.sessions
      .byIndex("invoker", invokerKey(session))
      .filter(({ metadata }) => metadata.name !== session.metadata.name)
      .map(sibling),
    busyTargets: busyTargets(world, session, refs),
    restoringTargets: new Map(
      [...openRestores(world, refs)].map(([target, { kind, metadata }]) => [
        target,
        formatInvoker({ kind, ...metadata }),
      ]),
    ),
    workloads,
    pods,
    jobs: jobs.jobs,
    formerPods: former,
    lockOwners: gatherLockOwners(world, former, pods),
    silenceMs: memories.silences(key, session, ports.monotonicMs),
    hookRuns: ports.hookRuns,
    cleanup: memories.cleanup(key),
    leaderSinceMs: ports.leaderSinceMs,
    limits: ports.limits,
  };
}
