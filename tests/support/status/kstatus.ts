/** How kstatus reads an object of a kind that it does not know: what Flux, Argo's and Helm's waits, and `kubectl wait` go by. */
import { listAt, numberAt, textAt, valueAt } from "../../../shared/json/value.ts";

export type Kstatus = "Terminating" | "InProgress" | "Failed" | "Current";

function statusOf(object: unknown, type: string): string | undefined {
  const condition = listAt(object, "status", "conditions").find((one) => textAt(one, "type") === type);
  return textAt(condition, "status");
}

/**
 * | # | object | kstatus |
 * |---|---|---|
 * | 1 | is being deleted | Terminating |
 * | 2 | was observed at another generation | InProgress |
 * | 3 | condition Reconciling is True | InProgress |
 * | 4 | condition Stalled is True | Failed |
 * | 5 | has a condition Ready that is not True | InProgress |
 * | 6 | otherwise | Current |
 */
export function kstatusOf(object: unknown): Kstatus {
  if (valueAt(object, "metadata", "deletionTimestamp") !== undefined) return "Terminating";
  const observed = numberAt(object, "status", "observedGeneration");
  if (observed !== undefined && observed !== numberAt(object, "metadata", "generation")) return "InProgress";
  if (statusOf(object, "Reconciling") === "True") return "InProgress";
  if (statusOf(object, "Stalled") === "True") return "Failed";
  const ready = statusOf(object, "Ready");
  return ready === undefined || ready === "True" ? "Current" : "InProgress";
}

/** Whether `kubectl wait --for=condition=TYPE` ends. */
export function isWaitOver(object: unknown, type: string): boolean {
  const condition = listAt(object, "status", "conditions").find((one) => textAt(one, "type") === type);
  const observed = numberAt(condition, "observedGeneration");
  const isOfNow = observed === undefined || observed >= (numberAt(object, "metadata", "generation") ?? 0);
  return isOfNow && textAt(condition, "status")?.toLowerCase() === "true";
}
