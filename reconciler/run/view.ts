/** What the decisions about every run read: gathered from informers, plus what this process knows of itself. */
import type { Condition } from "../../shared/api/condition.ts";
import type { OwedHook } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { type ResolvedTargetRef, resolveTargetRef } from "../../shared/target/ref.ts";
import type { HookRuns } from "../hooks/plan.ts";
import type { TargetJobs } from "../jobs/of-target.ts";
import type { TargetEntry } from "./entries.ts";
import type { RunOwner } from "./host-runs.ts";
import type { FormerPod } from "./locks.ts";
import type { Limits, Pods, Workloads } from "./world.ts";

/** A BackupSession, RestoreSession or RestoreBatch. */
export interface RunObject {
  readonly apiVersion: string;
  readonly kind: "BackupSession" | "RestoreSession" | "RestoreBatch";
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
  };
}

export interface RunView<Run extends RunObject, Status> {
  /** As the API server has it. */
  readonly object: Run;
  /** Its status in the shape that the rows read, with what pods told in their host runs. */
  readonly status: Status;
  readonly repository: Repository | undefined;
  /** uid of the cluster's kube-system; undefined until it is known. */
  readonly clusterId?: string | undefined;
  /** targetKey() of targets that somebody else is working on, and who. */
  readonly busyTargets: ReadonlyMap<string, string>;
  /** Jobs too, by jobKey(). */
  readonly workloads: Workloads;
  readonly pods: Pods;
  readonly jobs: TargetJobs;
  /** Pods that sessions and restores gave a host with this repository. */
  readonly formerPods: readonly FormerPod[];
  /** Pods that locks of the repository may belong to, of any namespace. */
  readonly lockOwners: Pods;
  /** By hostKey(): for how long, by this process's own clock, the host's entry has not changed. */
  readonly heartbeatAgesMs: ReadonlyMap<string, number>;
  readonly hookRuns: HookRuns;
  /** After-hooks that are owed, as they were when their before-hooks began. */
  readonly owed: readonly OwedHook[];
  readonly leaderSinceMs: number;
  readonly limits: Limits;
}

export function isDeleted({ metadata }: RunObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** A run as the owner of what is made for it, and as what Events are about. */
export function runOwnerOf({ apiVersion, kind, metadata }: RunObject): RunOwner {
  const { namespace, name, uid = "" } = metadata;
  return { apiVersion, kind, namespace, name, uid };
}

/** @returns milliseconds since the epoch; 0 while the API server has not said */
export function createdAtMs({ object }: RunView<RunObject, unknown>): number {
  return Date.parse(object.metadata.creationTimestamp ?? "") || 0;
}

/** What an entry names; of the run's namespace where it names none. */
export function targetRef(
  { object }: RunView<RunObject, unknown>,
  { ref }: Pick<TargetEntry, "ref">,
): ResolvedTargetRef {
  return resolveTargetRef(ref, object.metadata.namespace);
}

/** The part of a run's facts that is the same for every kind. */
export function commonFacts(view: RunView<RunObject, unknown>) {
  const { object, workloads, pods, heartbeatAgesMs, hookRuns, owed, leaderSinceMs, limits } = view;
  const { namespace, uid = "" } = object.metadata;
  const known = { workloads, pods, heartbeatAgesMs, hookRuns, owed, leaderSinceMs, limits };
  return {
    ...known,
    objectUid: uid,
    isDeleted: isDeleted(object),
    namespace,
    owner: runOwnerOf(object),
    refOf: (target: Pick<TargetEntry, "ref">) => targetRef(view, target),
  };
}

export interface NamedMember {
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
}

function keyOf({ kind, namespace, name }: ResolvedTargetRef, alias: string | undefined): string {
  return JSON.stringify([kind, namespace, name, alias ?? ""]);
}

/** Finds the member that a ref and an alias stand for; undefined when the invoker does not have it. */
export type FindMember<Member extends NamedMember> = (
  members: readonly Member[],
  ref: ResolvedTargetRef,
  alias: string | undefined,
) => Member | undefined;

/** A list is looked at once, however many entries ask: a batch may have a thousand members. */
export function createMemberFinder<Member extends NamedMember>(): FindMember<Member> {
  const indexes = new WeakMap<readonly Member[], ReadonlyMap<string, Member>>();
  return (members, ref, alias) => {
    let index = indexes.get(members);
    if (index === undefined) {
      // Of two that are called alike the first counts.
      index = new Map(members.toReversed().map((member) => [keyOf(member.ref, member.alias), member]));
      indexes.set(members, index);
    }
    return index.get(keyOf(ref, alias));
  };
}
