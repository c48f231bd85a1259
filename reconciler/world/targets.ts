/** Workloads, pods, sessions and restores around a target, from the informers. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Condition } from "../../shared/api/condition.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { RestoreSession } from "../../shared/api/restore-session.ts";
import { Container } from "../../shared/contract.ts";
import { isAsGoodAsGone } from "../../shared/invoker/held-run.ts";
import { isDryRun } from "../../shared/invoker/object.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { splitObjectKey } from "../../shared/kube/object-meta.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { type ResolvedTargetRef, resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { podFact } from "../jobs/gather-of-targets.ts";
import type { HostEntry } from "../run/entries.ts";
import type { FormerPod, LocksView } from "../run/locks.ts";
import type { Pods, WorkloadFact, Workloads } from "../run/world.ts";
import { hostRunsOf } from "./host-runs.ts";
import type { World } from "./informers.ts";
import { servedInvoker } from "./pod-object.ts";
import { isWorkloadKind, type WorkloadObject, workloadFact } from "./workload-object.ts";

export type Restore = RestoreSession | RestoreBatch;

/** Facts about those of the targets that are there; of the run's own namespace, whatever its spec or status names. */
export function gatherWorkloads(
  world: Pick<World, "pods" | "workloads">,
  refs: readonly ResolvedTargetRef[],
  own: string,
): Workloads {
  const found = new Map<string, WorkloadFact>();
  for (const { kind, namespace, name } of refs) {
    if (namespace !== own) continue;
    const workload = isWorkloadKind(kind) ? world.workloads[kind].get(namespace, name) : undefined;
    if (workload === undefined || workload.facts.isBeingDeleted) continue;
    found.set(targetKey(workload.facts), workloadFact(workload, world.pods.list(namespace)));
  }
  return found;
}

/** Whether the workload's pod template has the init-container of a restore, `Kind/name`. */
export function isInitOf(workload: WorkloadObject, serves: string): boolean {
  const containers = listAt(workload.facts.podTemplate, "spec", "initContainers");
  return containers.some(
    (container) => textAt(container, "name") === Container.RestoreInit && servedInvoker(container) === serves,
  );
}

/**
 * The pods with these uids that are there, and those of the workloads; all of one namespace, that of the run: a uid in a status may be that
 * of anybody's pod.
 */
export function gatherPods(
  world: Pick<World, "pods">,
  uids: readonly (string | undefined)[],
  workloads: Workloads,
  namespace: string,
): Pods {
  const own = [...workloads.values()].flatMap(({ pods }) => pods);
  const here = [...podsNamed(world, uids), ...own].filter((pod) => pod.namespace === namespace);
  return new Map(here.map((pod) => [pod.uid, pod]));
}

/**
 * The pods that a repository's locks may belong to, wherever they are: several namespaces may use one. Nothing is done in them. Those of
 * jobs are among them, whatever their containers are called.
 *
 * @param former of formerPods()
 * @param own pods that are known already
 */
export function gatherLockOwners(
  world: Pick<World, "pods" | "jobPods">,
  former: readonly FormerPod[],
  own: Pods,
): Pods {
  const uids = former.map(({ uid }) => uid);
  const ofJobs = uids.flatMap((uid) => world.jobPods.byIndex("uid", uid)).map((pod) => podFact(pod));
  return new Map([...[...ofJobs, ...podsNamed(world, uids)].map((pod) => [pod.uid, pod] as const), ...own]);
}

function podsNamed(world: Pick<World, "pods">, uids: readonly (string | undefined)[]) {
  return uids.flatMap((uid) => (uid === undefined ? [] : world.pods.byIndex("uid", uid)));
}

function membersOf({ kind, status }: Restore) {
  if (status?.startTime === undefined) return [];
  return kind === "RestoreBatch" ? (status.members ?? []) : [status];
}

/** Whether a restore is not over, and is more than a plan. */
export function isOpenRestore(restore: Restore): boolean {
  return !isDryRun(restore) && !isAsGoodAsGone(restore.metadata) && !isFinalRestorePhase(restore.status?.phase);
}

/** Whether hosts of it have their turn, or wait for it in their pods. */
function hasHosts(restore: Restore): boolean {
  return isOpenRestore(restore) && membersOf(restore).some(({ totalHosts }) => totalHosts !== undefined);
}

/** What a restore that is not over has at one target. @param key of targetKey() */
function membersAt(restore: Restore, key: string) {
  if (!isOpenRestore(restore)) return [];
  // It has one target, by which it was found.
  if (restore.kind === "RestoreSession") return membersOf(restore);
  const { metadata, status } = restore;
  return (status?.members ?? []).filter(({ ref }) => targetKey(resolveTargetRef(ref, metadata.namespace)) === key);
}

/** Whether hosts of a restore have, or had, their turn at the target. @param key of targetKey() */
export function hasHostsAt(restore: Restore, key: string): boolean {
  return membersAt(restore, key).some(({ totalHosts }) => totalHosts !== undefined);
}

/** Likewise, and are not through with it. */
export function isRestoringAt(restore: Restore, key: string): boolean {
  return membersAt(restore, key).some(
    ({ totalHosts, phase }) => totalHosts !== undefined && !isFinalRestorePhase(phase),
  );
}

/** Whether the turn of a restore came at a target, for which it may wait. @param key of targetKey() */
export function hasTurnAt(restore: Restore, key: string): boolean {
  return membersAt(restore, key).some(isTurnOf);
}

function isTurnOf({ conditions }: { readonly conditions?: readonly Condition[] }): boolean {
  const signs = [ConditionType.RestoreTargetFound, ConditionType.VolumesFree];
  return signs.some((type) => findCondition(conditions, type) !== undefined);
}

/** Whether the turn of a member came, and what is to do its work is being brought. Where no pod is wanted nothing is. */
function isBeingBrought({ conditions }: { readonly conditions?: readonly Condition[] }): boolean {
  const [init, job] = [ConditionType.StashInitContainerInjected, ConditionType.RestoreJobCreated].map((type) =>
    findCondition(conditions, type),
  );
  const isTargetMissing = isConditionFalse(conditions, ConditionType.RestoreTargetFound);
  return !isTargetMissing && ((init !== undefined && init.status !== "True") || job !== undefined);
}

/**
 * Whether a restore touches anything, or is about to: a hook of it began, or a member's turn came. One that only waits (for its target, or
 * for a workload that is scaled to 0) is in nobody's way.
 */
export function isAtWork(restore: Restore): boolean {
  if (!isOpenRestore(restore) || restore.status?.startTime === undefined) return false;
  return (restore.status.hooks ?? []).length > 0 || hasHosts(restore) || membersOf(restore).some(isBeingBrought);
}

/** Restores that are at work and name one of the targets, by targetKey(). */
export function openRestores(world: World, refs: readonly ResolvedTargetRef[]): ReadonlyMap<string, Restore> {
  const found = new Map<string, Restore>();
  for (const ref of refs) {
    const key = targetKey(ref);
    const restores = [...world.restoreSessions.byIndex("target", key), ...world.restoreBatches.byIndex("target", key)];
    const open = restores.find(isAtWork);
    if (open !== undefined) found.set(key, open);
  }
  return found;
}

function restoreHosts(restore: Restore): readonly HostEntry[] {
  if (restore.kind === "RestoreSession") return restore.status?.stats ?? [];
  return (restore.status?.members ?? []).flatMap((member) => member.stats ?? []);
}

function sessionHosts(session: BackupSession): readonly HostEntry[] {
  return (session.status?.targets ?? []).flatMap((target) => target.stats ?? []);
}

/** A run whose status leaves hosts out still has a host run for each pod that ever had a turn. */
function unlistedPods(
  world: Pick<World, "hostRuns">,
  { metadata, status }: BackupSession | Restore,
): readonly FormerPod[] {
  if (status?.records === undefined) return [];
  const runs = [...hostRunsOf(world, metadata.namespace, metadata.uid ?? "").values()];
  return runs
    .filter(({ spec }) => spec.work !== "Record")
    .map(({ spec: { pod, assignedAt } }) => ({ ...pod, assignedAtMs: Date.parse(assignedAt ?? "") || 0 }));
}

type LockWorld = Pick<
  World,
  "sessions" | "restoreSessions" | "restoreBatches" | "repositories" | "hostRuns" | "pods" | "jobPods"
>;

/** Pods that sessions and restores gave a host with the Repository, and its maintenance the work on it, now or before. */
function formerPods(world: LockWorld, repositoryKey: string): readonly FormerPod[] {
  const sessions = world.sessions.byIndex("repository", repositoryKey);
  const restores = [
    ...world.restoreSessions.byIndex("repository", repositoryKey),
    ...world.restoreBatches.byIndex("repository", repositoryKey),
  ];
  const { namespace, name } = splitObjectKey(repositoryKey);
  const upkeep = world.repositories.get(namespace, name)?.status?.maintenanceRuns ?? [];
  const listed = [...sessions.flatMap(sessionHosts), ...restores.flatMap(restoreHosts), ...upkeep]
    .flatMap((one) => [one, ...(one.formerPods ?? [])])
    .flatMap(({ pod, podUID, assignedAt }) =>
      pod === undefined || podUID === undefined
        ? []
        : [{ name: pod, uid: podUID, assignedAtMs: Date.parse(assignedAt ?? "") || 0 }],
    );
  return [...listed, ...[...sessions, ...restores].flatMap((run) => unlistedPods(world, run))];
}

/** What tells whose a repository's locks are. @param own as in gatherLockOwners() */
export function gatherLocksView(world: LockWorld, repositoryKey: string, own: Pods): LocksView {
  const former = formerPods(world, repositoryKey);
  return { formerPods: former, lockOwners: gatherLockOwners(world, former, own) };
}

export const NO_LOCKS: LocksView = { formerPods: [], lockOwners: new Map() };
