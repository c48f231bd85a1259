/**
 * Whether the cluster takes a workload's pods with the sidecar, from what it said to a dry run, and from its quotas. Pure.
 *
 * | # | a pod with the sidecar, beside those that run | quotas have room for the sidecars of all pods | |
 * |---|---|---|---|
 * | 1 | is taken | yes | passed |
 * | 2 | is taken | no | refused, with the quota's name |
 * | 3 | is refused by a quota | yes, and a pod goes before its successor comes | passed: it will have room |
 * | 4 | is refused, one without it too, and no pod exists | | passed: it is not the sidecar, and there is nothing to lose |
 * | 5 | is refused | | refused, with the cluster's words |
 */
import type { JsonObject } from "../../shared/injection/workload.ts";
import { isJsonObject, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { readQuantity } from "../../shared/quantity.ts";
import type { QuotaFact } from "../world/quota-object.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import { measureAdded } from "./measured-amounts.ts";
import type { PodAnswer } from "./pod-answer.ts";

export interface ProofView {
  readonly answer: PodAnswer;
  /** Of a pod without the sidecar; asked only where the other one is refused, and no pod exists or it may be for the old one. */
  readonly without?: PodAnswer | undefined;
  /** What one pod takes of quotas more than its predecessor, by the quota's names. */
  readonly added: ReadonlyMap<string, number>;
  /** Pods that are to be replaced. */
  readonly pods: number;
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
  return isByQuota(answer.words) && hasRoom && isInPlace ? { kind: "Passed" } : answer;
}

/** Whether a pod is refused by a quota that may have room for it when its predecessor is gone. */
export function isForRoom(answer: PodAnswer): boolean {
  return answer.kind === "Refused" && isByQuota(answer.words);
}

function isByQuota(words: string): boolean {
  return words.includes("exceeded quota");
}

/** The first quota without room. Those that count only some pods are left to the dry run. */
function findLack({ answer, without, added: ofTemplate, pods, quotas }: ProofView): string | undefined {
  const added = measureAdded(ofTemplate, answer, without);
  for (const { name, hard, used, isScoped } of quotas) {
    if (isScoped) continue;
    for (const [resource, amount] of added) {
      const most = hard[resource];
      if (most === undefined || amount <= 0) continue;
      const left = (readQuantity(most) ?? 0) - (readQuantity(used[resource] ?? 0) ?? 0);
      if (amount * Math.max(pods, 1) <= left) continue;
      return `quota ${name} has ${resource} ${most}, of which ${used[resource] ?? 0} are used: the sidecars of ${pods} pods do not fit`;
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
