/** Reads what decisions about restores read and others don't: the spec, the gates at workloads, who else works on the targets. */
import { messageOf, UserError } from "../../shared/errors.ts";
import { formatInvoker, type RestoreInvokerView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { mayUseRepository } from "../../shared/repository/usage-policy.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { EMPTY_TARGET_KIND, type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import { gatherPointSearch } from "../jobs/point-search.ts";
import { isBegun } from "../run/completion.ts";
import { gatherCommon } from "../run/gather.ts";
import type { HostRuns } from "../run/host-runs.ts";
import type { GatherPorts } from "../run/kind.ts";
import { runOwnerOf } from "../run/view.ts";
import type { PodFact, WorkloadFact } from "../run/world.ts";
import type { World } from "../world/informers.ts";
import {
  hasHostsAt,
  hasTurnAt,
  isAtWork,
  isInitOf,
  isOpenRestore,
  isRestoringAt,
  type Restore,
} from "../world/targets.ts";
import { isWorkloadKind } from "../world/workload-object.ts";
import { withoutEffects } from "./dry-run.ts";
import { RECOVERY_POINT_WANTED } from "./explain.ts";
import { gatherQuiet, stuckRollout } from "./gather-quiet.ts";
import { searchRunName } from "./host-runs.ts";
import type { SeenPods } from "./seen-pods.ts";
import type { RestoreObject, RestoreStatus } from "./status.ts";
import type { GateFact, HeldPod, RestoreView } from "./view.ts";

/** What the process remembers of a restore besides what it does of every run. */
export interface RestoreMemory {
  /** By targetKey(): when the workload was last sent through admission. */
  readonly askedAtMs: Map<string, number>;
  /** By targetKey(): what the cluster said to its pods with the init-container. */
  readonly refusals: Map<string, string>;
  /** Pods of its namespace, as they were looked at last. */
  seen?: SeenPods;
  /** uid of the job that looked for recovery points and was ended: what it told is outdated. */
  endedSearch?: string;
}

type RestorePorts = GatherPorts<RestoreObject, RestoreMemory>;

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
  { world, memories, monotonicMs }: RestorePorts,
  key: string,
  ref: ResolvedTargetRef,
  serves: string,
): GateFact {
  const workload = isWorkloadKind(ref.kind) ? world.workloads[ref.kind].get(ref.namespace, ref.name) : undefined;
  const { askedAtMs: asked, refusals } = memories.own(key);
  const askedAtMs = asked.get(targetKey(ref));
  return {
    isInjected: workload !== undefined && isInitOf(workload, serves),
    stuck: workload && stuckRollout(workload),
    askedMsAgo: askedAtMs === undefined ? undefined : monotonicMs - askedAtMs,
    refusal: refusals.get(targetKey(ref)),
  };
}

/**
 * Whether another restore of a target comes first.
 *
 * | # | the other | comes first |
 * |---|---|---|
 * | 1 | is over, or a plan | no |
 * | 2 | older, and nobody has looked at it, or its recovery point is being looked for | yes: it is about to begin |
 * | 3 | older, and at work | yes |
 * | 4 | older, and its turn at this very target came | yes: it waits for the same, and is first when that comes |
 * | 5 | older, and only waits, for something else | no |
 * | 6 | younger, and restores this target, while this one has no hosts there | yes: it passed this one while that waited |
 */
function comesFirst(other: Restore, object: RestoreObject, key: string): boolean {
  const { metadata, status } = other;
  if (metadata.uid === object.metadata.uid || !isOpenRestore(other)) return false;
  const [of, own] = [metadata.creationTimestamp ?? "", object.metadata.creationTimestamp ?? ""];
  const isOlder = of < own || (of === own && metadata.name < object.metadata.name);
  if (!isOlder) return isRestoringAt(other, key) && !hasHostsAt(object, key);
  return (
    status?.phase === undefined || status.reason === RECOVERY_POINT_WANTED || isAtWork(other) || hasTurnAt(other, key)
  );
}

/** Sessions that are working on one of the targets, and restores of them that come first. */
export function busyTargets(world: World, object: RestoreObject, refs: readonly ResolvedTargetRef[]) {
  const busy = new Map<string, string>();
  for (const ref of refs) {
    // Restores that name no target have none in common.
    if (ref.kind === EMPTY_TARGET_KIND) continue;
    const key = targetKey(ref);
    const session = world.sessions
      .byIndex("target", key)
      .find(({ status }) => status?.startTime !== undefined && !isFinalSessionPhase(status.phase));
    const restores = [...world.restoreSessions.byIndex("target", key), ...world.restoreBatches.byIndex("target", key)];
    const other = restores.find((restore) => comesFirst(restore, object, key));
    if (session !== undefined) busy.set(key, `BackupSession ${session.metadata.name}`);
    else if (other !== undefined) busy.set(key, formatInvoker({ kind: other.kind, ...other.metadata }));
  }
  return busy;
}

/** What the job that looks for recovery points told, as long as that is about the restore as it is now. */
export function foldSearch(
  { memories, world, jobProblems }: RestorePorts,
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
  const isCurrent = told?.generation === (object.metadata.generation ?? 0) && memories.own(key).endedSearch !== job.uid;
  return told === undefined || !isCurrent ? status : { ...status, pointSearch: told };
}

/** @param key of the restore in memory */
export function gatherRestore(
  ports: RestorePorts,
  key: string,
  object: RestoreObject,
  status: RestoreStatus,
): RestoreView {
  const { world, memories, monotonicMs, jobProblems } = ports;
  const { invoker: written, problem } = readInvoker(object);
  const invoker = written.isDryRun ? withoutEffects(written) : written;
  const { namespace, name, uid = "" } = object.metadata;
  const serves = `${object.kind}/${name}`;
  const common = gatherCommon(ports, key, object, status, invoker);
  const { view, refs, workloads, repositoryNamespace, repositoryKey } = common;
  const own = [...workloads].map(([target, fact]) => [target, withOwnInits(fact, serves)] as const);
  const holders = busyTargets(world, object, refs);
  return {
    ...view,
    // A dry run is done in the pods that run.
    workloads: new Map([...view.workloads, ...(invoker.isDryRun ? workloads : own)]),
    invoker,
    problem,
    mayUseRepository: mayUseRepository({
      usagePolicy: view.repository?.spec.usagePolicy,
      repositoryNamespace,
      namespace,
      namespaceLabels: world.namespaces.get(undefined, namespace)?.labels ?? {},
    }),
    sessions: world.sessions.byIndex("repository", repositoryKey),
    busyTargets: invoker.isDryRun ? new Map() : holders,
    holders,
    gates: new Map(refs.map((ref) => [targetKey(ref), gateOf(ports, key, ref, serves)])),
    heldElsewhere: new Map([...workloads].map(([target, fact]) => [target, heldElsewhere(fact, serves)] as const)),
    quiet: gatherQuiet({ world, monotonicMs, seen: memories.own(key).seen }, namespace, uid),
    pointSearch: gatherPointSearch(world, { namespace, uid }, jobProblems),
  };
}
