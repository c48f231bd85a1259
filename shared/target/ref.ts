/** Target references: what an invoker's member points at. */
import { SIDECAR_KINDS, TARGET_LABEL_PREFIX } from "../contract.ts";
import { shortHash } from "../hash.ts";

/** As written in a spec: every field may be missing. */
export interface TargetRefLike {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** With the namespace filled in; a target without reference is kind `EmptyTarget`. */
export interface ResolvedTargetRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

export const EMPTY_TARGET_KIND = "EmptyTarget";

/** Fills in the invoker's namespace, and upstream's placeholder where there is no target. */
export function resolveTargetRef(ref: TargetRefLike | undefined, invokerNamespace: string): ResolvedTargetRef {
  if (ref?.kind === undefined && ref?.name === undefined) {
    return { apiVersion: "na", kind: EMPTY_TARGET_KIND, name: "na", namespace: ref?.namespace || invokerNamespace };
  }
  return {
    apiVersion: ref.apiVersion ?? "",
    kind: ref.kind ?? "",
    name: ref.name ?? "",
    namespace: ref.namespace || invokerNamespace,
  };
}

/**
 * Key for maps and indexes. The API version is left out: one workload is one target whichever version of its group a
 * manifest names.
 */
export function targetKey(ref: Pick<ResolvedTargetRef, "kind" | "namespace" | "name">): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** Kinds that may be a target; only Tasks of the whole cluster look at others. */
const TARGET_KINDS: readonly string[] = [...SIDECAR_KINDS, "PersistentVolumeClaim", "AppBinding"];

/** Begins the names of Tasks that read objects of the whole cluster, whatever their target is. */
const CLUSTER_TASK_PREFIX = "kubedump";

/** Whether something of the kind can be backed up and restored. */
export function isTargetKind(kind: string): boolean {
  return TARGET_KINDS.includes(kind);
}

/** Whether the Task reads objects of the cluster with its own ServiceAccount: its target may be of any kind, or missing. */
export function isClusterTask(taskName: string | undefined): boolean {
  return taskName?.startsWith(CLUSTER_TASK_PREFIX) === true;
}

/** Whether the kind is one of those that get a sidecar and an init-container. */
export function isSidecarKind(kind: string | undefined): boolean {
  return SIDECAR_KINDS.some((sidecarKind) => sidecarKind === kind);
}

/** Whether a member runs in the sidecar model: a workload kind and no task. */
export function isSidecarModel(ref: TargetRefLike | undefined, taskName: string | undefined): boolean {
  return (taskName === undefined || taskName === "") && isSidecarKind(ref?.kind);
}

/** Label key that a session carries for a target, and by which the agents of that target watch. */
export function targetLabelKey(ref: Pick<ResolvedTargetRef, "kind" | "namespace" | "name">): string {
  return `${TARGET_LABEL_PREFIX}${ref.kind.toLowerCase().slice(0, 40)}-${shortHash(targetKey(ref))}`;
}

/** `Deployment demo/web`: how messages name a target. */
export function formatTarget(ref: ResolvedTargetRef): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}
