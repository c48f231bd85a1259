/**
 * Whether the cluster takes a workload's pods with the sidecar, from what it said to a dry run, and from its quotas. Pure.
 *
 * | # | a pod with the sidecar, beside those that run | quotas have room for the sidecars of all pods | |
 * |---|---|---|---|
 * | 1 | is taken | yes | passed |
 * | 2 | is taken | no | refused, with the quota's name |
 * | 3 | is refused by a quota | yes, and each pod goes before its successor comes, and is there to go | passed: it will have room |
 * | 4 | is refused, one without it too, and no pod exists | | passed: it is not the sidecar, and there is nothing to lose |
 * | 5 | is refused | | refused, with the cluster's words |
 */
import type { JsonObject } from "../../shared/injection/workload.ts";
import { isJsonObject, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { readQuantity } from "../../shared/quantity.ts";
import { whyKept } from "../invoker/sidecar-condition.ts";
import type { QuotaFact } from "../world/quota-object.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import { amountsOfPod, measureAdded } from "./measured-amounts.ts";
import type { PodAnswer } from "./pod-answer.ts";

/** Pods of a workload as quotas see them. */
export interface CountedPods {
  /** They exist, and are about to be replaced. */
  readonly present: number;
  /** They should exist; between a pod's end and its successor no quota counts either. */
  readonly missing: number;
}

export interface ProofView {
  readonly answer: PodAnswer;
  /** Of a pod without the sidecar; asked only where the other one is refused, and no pod exists or it may be for the old one. */
  readonly without?: PodAnswer | undefined;
  /** What one pod takes of quotas more than its predecessor, by the quota's names. */
  readonly added: ReadonlyMap<string, number>;
  /** Those of them that exist. */
  readonly pods: number;
  readonly counted: CountedPods;
  readonly isReplacedInPlace: boolean;
  /** Of the namespace. */
  readonly quotas: readonly QuotaFact[];
}

export type ProofDecision = { readonly kind: "Passed" } | { readonly kind: "Refused"; readonly words: string };

export function decideProof(view: ProofView): ProofDecision {
  const { answer, quotas, isReplacedInPlace: isInPlace } = view;
  const lack = findLack(view);
  if (answer.kind === "Taken") return lack === undefined ? { kind: "Passed" } : { kind: "Refused", words: lack };
  if (view.pods === 0 && view.without?.kind === "Refused") return { kind: "Passed" };
  // What a quota counts that counts only some pods is not known.
  const hasRoom = lack === undefined && !quotas.some(({ isScoped }) => isScoped);
  const makesRoom = isInPlace && view.counted.present > 0 && view.counted.missing === 0;
  return isByQuota(answer.words) && hasRoom && makesRoom ? { kind: "Passed" } : answer;
}

/** Whether a pod is refused by a quota that may have room for it when its predecessor is gone. */
export function isForRoom(answer: PodAnswer): boolean {
  return answer.kind === "Refused" && isByQuota(answer.words);
}

function isByQuota(words: string): boolean {
  return words.includes("exceeded quota");
}

/** The first quota without room. Those that count only some pods are left to the dry run. */
function findLack({ answer, without, added: ofTemplate, counted, quotas }: ProofView): string | undefined {
  const added = measureAdded(ofTemplate, answer, without);
  const whole = answer.kind === "Taken" ? amountsOfPod(answer.pod) : new Map<string, number>();
  for (const { name, hard, used, isScoped } of quotas) {
    if (isScoped) continue;
    for (const [resource, amount] of added) {
      const most = hard[resource];
      if (most === undefined || amount <= 0) continue;
      const left = (readQuantity(most) ?? 0) - (readQuantity(used[resource] ?? 0) ?? 0);
      const needed = amount * counted.present + (whole.get(resource) ?? amount) * counted.missing;
      if (Math.max(needed, amount) <= left) continue;
      return `quota ${name} has ${resource} ${most}, of which ${used[resource] ?? 0} are used: the sidecars of ${counted.present + counted.missing} pods do not fit`;
    }
  }
  return undefined;
}

const SHORT_NAMES: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

/** What a container takes of quotas that another one did not. @param before undefined where there was none */
export function addedAmounts(
  after: JsonObject | undefined,
  before: JsonObject | undefined,
): ReadonlyMap<string, number> {
  const added = new Map<string, number>();
  for (const list of ["requests", "limits"]) {
    const amounts = valueAt(after, "resources", list);
    for (const name of isJsonObject(amounts) ? Object.keys(amounts) : []) {
      const amount = amountAt(after, list, name) - amountAt(before, list, name);
      added.set(`${list}.${name}`, amount);
      if (list === "requests" && SHORT_NAMES.includes(name)) added.set(name, amount);
    }
  }
  return added;
}

function amountAt(container: JsonObject | undefined, list: string, name: string): number {
  const amount = valueAt(container, "resources", list, name);
  return typeof amount === "string" || typeof amount === "number" ? (readQuantity(amount) ?? 0) : 0;
}

/**
 * Counts a workload's pods for quotas. While its controller ends them one by one before their successors, how many of them quotas count
 * is not known, and all are taken for missing.
 *
 * @param workload with the status of this moment
 * @param generation the newest that is known to be stored
 */
export function countPods(workload: WorkloadObject, generation: number): CountedPods {
  const { replicas, existingReplicas: existing, updatedReplicas, observedGeneration } = workload;
  const isUnderWay = whyKept(workload) === undefined && updatedReplicas < existing;
  if (isReplacedInPlace(workload) && (isUnderWay || observedGeneration < generation))
    return { present: 0, missing: Math.max(replicas, existing) };
  return { present: existing, missing: Math.max(replicas - existing, 0) };
}

/** Whether the workload's controller ends a pod before it makes the next one. */
export function isReplacedInPlace({ facts, strategy, replicas }: WorkloadObject): boolean {
  if (facts.kind === "StatefulSet") return true;
  const rolling = valueAt(strategy, "rollingUpdate");
  if (facts.kind === "DaemonSet") return countOf(rolling, "maxSurge", replicas, Math.ceil) === 0;
  return textAt(strategy, "type") === "Recreate" || countOf(rolling, "maxUnavailable", replicas, Math.floor) > 0;
}

/** A number of pods, or a percentage of them. */
function countOf(rolling: unknown, key: string, replicas: number, round: (count: number) => number): number {
  const percent = /^(\d{1,3})%$/.exec(textAt(rolling, key) ?? "")?.[1];
  return percent === undefined ? (numberAt(rolling, key) ?? 0) : round((Number(percent) * replicas) / 100);
}
