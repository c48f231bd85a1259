/** Pods that no node takes since it lacks what our sidecar requests, among other things: without it there was, or may be, room. */
import { Container } from "../../shared/contract.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { isJsonObject, listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { readQuantity } from "../../shared/quantity.ts";

/** As schedulers name what a node has too little of. */
const LACKS = /Insufficient ([A-Za-z0-9._/-]{1,320})/g;

/** @returns the scheduler's words; undefined for a pod that has a node, or at which no scheduler has looked */
export function readUnschedulable(raw: unknown): string | undefined {
  if (textAt(raw, "spec", "nodeName")) return undefined;
  const scheduled = listAt(raw, "status", "conditions").find((one) => textAt(one, "type") === "PodScheduled");
  if (textAt(scheduled, "status") !== "False" || textAt(scheduled, "reason") !== "Unschedulable") return undefined;
  return textAt(scheduled, "message") ?? "no node fits";
}

/** @returns the scheduler's words; undefined for a pod that has a node, or waits for something else */
export function readRoomWait(raw: unknown): string | undefined {
  const words = readUnschedulable(raw);
  if (words === undefined) return undefined;
  const requested = requestsOfSidecar(raw);
  const isOurs = [...words.matchAll(LACKS)].some(([, name = ""]) => requested.has(name.replace(/\.$/, "")));
  return isOurs ? words : undefined;
}

function requestsOfSidecar(raw: unknown): ReadonlySet<string> {
  const containers = [...objectsAt(raw, "spec", "containers"), ...objectsAt(raw, "spec", "initContainers")];
  const requests = valueAt(
    containers.find(({ name }) => name === Container.Sidecar),
    "resources",
    "requests",
  );
  if (!isJsonObject(requests)) return new Set();
  const amount = (name: string) => readQuantity(textAt(requests, name) ?? numberAt(requests, name) ?? 0) ?? 0;
  return new Set(Object.keys(requests).filter((name) => amount(name) > 0));
}
