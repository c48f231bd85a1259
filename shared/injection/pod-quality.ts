/**
 * Whether our container takes a pod its quality of service. A pod of which each container has limits as high as its requests is Guaranteed: it
 * may have CPUs of its own, and is the last to be killed where memory runs out.
 */
import { Annotation } from "../contract.ts";
import { valueAt } from "../json/value.ts";
import { readQuantity } from "../quantity.ts";
import { formatTarget } from "../target/ref.ts";
import { applicationContainers } from "./own-parts.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** @param container ours */
export function findQualityWarnings(workload: WorkloadFacts, container: JsonObject): readonly string[] {
  const { podTemplate } = workload;
  // What the pod has for all its containers counts in their place.
  if (valueAt(podTemplate, "spec", "resources") !== undefined) return [];
  if (isGuaranteed(container) || !applicationContainers(podTemplate).every(isGuaranteed)) return [];
  const why = `pods of ${formatTarget(workload)} are Guaranteed without the backup container and Burstable with it: they have no CPUs of their own then, and are killed sooner where a node's memory runs out`;
  return [`${why} (next: give it limits as high as its requests, by the annotation ${Annotation.Resources})`];
}

function isGuaranteed(container: JsonObject): boolean {
  const limits = valueAt(container, "resources", "limits");
  if (limits === undefined) return false;
  const requests = valueAt(container, "resources", "requests");
  return isWhole(limits, requests, "cpu") && isWhole(limits, requests, "memory");
}

function isWhole(limits: unknown, requests: unknown, name: string): boolean {
  const limit = amountAt(limits, name);
  return limit !== undefined && limit > 0 && (amountAt(requests, name) ?? limit) === limit;
}

function amountAt(amounts: unknown, name: string): number | undefined {
  const amount = valueAt(amounts, name);
  return typeof amount === "string" || typeof amount === "number" ? readQuantity(amount) : undefined;
}
