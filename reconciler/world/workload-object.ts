/** A workload as the informer keeps it, and which pods are its own. */
import type { LabelSelector } from "../../shared/api/kubernetes/label-selector.ts";
import { appliedHashes } from "../../shared/injection/own-parts.ts";
import { readWorkload, textMapAt, type WorkloadFacts } from "../../shared/injection/workload.ts";
import { isJsonObject, listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { WORKLOADS } from "../../shared/kube/resources.ts";
import { matchesLabels } from "../../shared/label-selector.ts";
import { volumesWithClaims } from "../../shared/target/claim-volumes.ts";
import type { WorkloadFact } from "../run/world.ts";
import type { PodObject } from "./pod-object.ts";

export type WorkloadKind = keyof typeof WORKLOADS;

export function isWorkloadKind(kind: string): kind is WorkloadKind {
  return Object.hasOwn(WORKLOADS, kind);
}

export interface WorkloadObject {
  readonly facts: WorkloadFacts;
  /** Whether it has volumes that outlive its pods: asked of all at once, so nobody reads each template for it. */
  readonly hasClaims: boolean;
  /** Its template has a container of ours and is older than the label that says so. */
  readonly hasOldTemplate?: true;
  readonly uid: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly selector: LabelSelector;
  /** Replicas that are wanted; of a DaemonSet the nodes that want a pod. */
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  /** Pods that exist, of the present template and of former ones. */
  readonly existingReplicas: number;
  /** A paused Deployment makes no pods of its present template. */
  readonly isPaused: boolean;
  readonly firstOrdinal: number;
  /** Why a Deployment's pods can't be made, in its controller's words; other kinds tell only that they are missing. */
  readonly failure: string | undefined;
  /** `spec.updateStrategy` or `spec.strategy`, as it came. */
  readonly strategy: unknown;
}

function readSelector(raw: unknown): LabelSelector {
  return {
    matchLabels: textMapAt(raw, "spec", "selector", "matchLabels"),
    matchExpressions: listAt(raw, "spec", "selector", "matchExpressions").flatMap((expression) => {
      const key = textAt(expression, "key");
      const operator = textAt(expression, "operator");
      if (key === undefined || operator === undefined || !isJsonObject(expression)) return [];
      const values = listAt(expression, "values").filter((value) => typeof value === "string");
      return [{ key, operator, values }];
    }),
  };
}

/**
 * Reads a workload.
 *
 * @param kind kind of the resource that it was read from; lists of the API server leave it out
 */
export function readWorkloadObject(kind: WorkloadKind, raw: unknown): WorkloadObject | undefined {
  if (!isJsonObject(raw)) return undefined;
  const facts = readWorkload({ ...raw, kind, apiVersion: "apps/v1" });
  if (facts === undefined) return undefined;
  const isDaemonSet = kind === "DaemonSet";
  return {
    facts,
    hasClaims: volumesWithClaims(facts).length > 0,
    uid: textAt(raw, "metadata", "uid") ?? "",
    generation: numberAt(raw, "metadata", "generation") ?? 0,
    observedGeneration: numberAt(raw, "status", "observedGeneration") ?? 0,
    selector: readSelector(raw),
    replicas: isDaemonSet
      ? (numberAt(raw, "status", "desiredNumberScheduled") ?? 0)
      : (numberAt(raw, "spec", "replicas") ?? 1),
    updatedReplicas: numberAt(raw, "status", isDaemonSet ? "updatedNumberScheduled" : "updatedReplicas") ?? 0,
    readyReplicas: numberAt(raw, "status", isDaemonSet ? "numberReady" : "readyReplicas") ?? 0,
    existingReplicas: numberAt(raw, "status", isDaemonSet ? "currentNumberScheduled" : "replicas") ?? 0,
    isPaused: valueAt(raw, "spec", "paused") === true,
    firstOrdinal: numberAt(raw, "spec", "ordinals", "start") ?? 0,
    failure: readFailure(raw),
    strategy: valueAt(raw, "spec", "updateStrategy") ?? valueAt(raw, "spec", "strategy"),
  };
}

function readFailure(raw: unknown): string | undefined {
  const failure = listAt(raw, "status", "conditions").find((one) => textAt(one, "type") === "ReplicaFailure");
  return textAt(failure, "status") === "True" ? (textAt(failure, "message") ?? "its pods can't be made") : undefined;
}

/** Label that a Deployment's controller puts on pods; the rest of their ReplicaSet's name. */
const POD_TEMPLATE_HASH = "pod-template-hash";

function isOwnPod(workload: WorkloadObject, pod: PodObject): boolean {
  const { owner } = pod;
  if (owner === undefined || !matchesLabels(workload.selector, pod.labels)) return false;
  if (workload.facts.kind !== "Deployment") return owner.uid === workload.uid;
  const hash = pod.labels[POD_TEMPLATE_HASH];
  return owner.kind === "ReplicaSet" && (hash === undefined || owner.name === `${workload.facts.name}-${hash}`);
}

/** Those of the pods that the workload's controller made. */
export function ownPods(workload: WorkloadObject, pods: readonly PodObject[]): readonly PodObject[] {
  return pods.filter((pod) => isOwnPod(workload, pod));
}

/** Label of pods of a StatefulSet or DaemonSet that names the template they were made of. */
const REVISION_HASH = "controller-revision-hash";

function revisionOf({ labels }: PodObject): string | undefined {
  return labels[POD_TEMPLATE_HASH] ?? labels[REVISION_HASH];
}

/**
 * The revision that the controller makes pods of now: that of the newest pod, for only in the present one pods are added. Where pods
 * carry the sidecar that the template has now, one of them.
 */
function newestRevision({ facts }: WorkloadObject, pods: readonly PodObject[]): string | undefined {
  const living = pods.filter((pod) => !pod.isTerminating && !pod.isEnded);
  const { backup } = appliedHashes(facts.podTemplate);
  const asInjected = living.filter(({ backupHash }) => backupHash === backup);
  const known = asInjected.length > 0 ? asInjected : living;
  const [first, ...rest] = known;
  return (
    first && revisionOf(rest.reduce((newest, pod) => (pod.createdAtMs > newest.createdAtMs ? pod : newest), first))
  );
}

/** The pods, with a mark on those that a rollout is about to end. */
function withOutdated(workload: WorkloadObject, pods: readonly PodObject[]): readonly PodObject[] {
  const isSeen = workload.observedGeneration >= workload.generation;
  if (isSeen && workload.updatedReplicas >= workload.existingReplicas) return pods;
  const newest = newestRevision(workload, pods);
  return pods.map((pod) => (revisionOf(pod) === newest ? pod : { ...pod, isOutdated: true }));
}

/** @param pods pods of the workload's namespace that carry one of our containers */
export function workloadFact(workload: WorkloadObject, pods: readonly PodObject[]): WorkloadFact {
  const { kind, namespace, name } = workload.facts;
  const { uid, replicas, firstOrdinal } = workload;
  const own = withOutdated(workload, ownPods(workload, pods));
  const isUncounted = kind === "DaemonSet" && workload.observedGeneration < workload.generation;
  return { kind, namespace, name, uid, replicas, firstOrdinal, pods: own, ...(isUncounted && { isUncounted }) };
}
