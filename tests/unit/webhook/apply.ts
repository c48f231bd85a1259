/** What a test does with decisions: applies their patch with a library of its own, and looks into the result. */
import jsonPatch from "fast-json-patch";
import { type JsonObject, objectsAt, readWorkload } from "../../../shared/injection/workload.ts";
import { decideMutation, type Mutation } from "../../../webhook/decide.ts";
import { buildWorkloadPatch } from "../../../webhook/workload-patch.ts";
import { aDeployment, aView } from "./builders.ts";

/** The workload as it is after the decision; the one given is left alone. */
export function apply<T>(workload: T, decision: Mutation): T {
  if (decision.kind === "deny") throw new Error(`refused: ${decision.message}`);
  if (decision.kind === "skip") return workload;
  const patch = buildWorkloadPatch(workload, { podTemplate: templateOf(workload) }, decision);
  return jsonPatch.applyPatch(structuredClone(workload), structuredClone(patch), true).newDocument;
}

/** Decides on a view and applies what was decided. */
export function admit(change: Parameters<typeof aView>[0] = {}) {
  const workload = change.workload ?? aDeployment();
  const decision = decideMutation(aView({ ...change, workload }));
  return { decision, workload: apply(workload, decision) };
}

export function templateOf(workload: unknown): JsonObject {
  const facts = readWorkload(workload, "demo");
  if (facts === undefined) throw new Error("no workload");
  return facts.podTemplate;
}

export const containersIn = (workload: unknown) => objectsAt(templateOf(workload), "spec", "containers");
export const initContainersIn = (workload: unknown) => objectsAt(templateOf(workload), "spec", "initContainers");
export const volumesIn = (workload: unknown) => objectsAt(templateOf(workload), "spec", "volumes");
export const namesIn = (items: readonly JsonObject[]) => items.map(({ name }) => name);

/** The sidecar, wherever it stands. */
export function sidecarIn(workload: unknown): JsonObject {
  const found = [...containersIn(workload), ...initContainersIn(workload)].find(({ name }) => name === "stash");
  if (found === undefined) throw new Error("no sidecar");
  return found;
}

/** The restore's init-container. */
export function restoreInitIn(workload: unknown): JsonObject {
  const found = initContainersIn(workload).find(({ name }) => name === "stash-init");
  if (found === undefined) throw new Error("no init-container");
  return found;
}

/** A copy of a workload with its pod template changed, as its owner does. */
export function edited<T>(
  workload: T,
  edit: (podSpec: Record<string, unknown>, template: Record<string, unknown>) => void,
): T {
  const copy = structuredClone(workload);
  const template = Reflect.get(Object(Reflect.get(Object(copy), "spec")), "template");
  edit(template.spec, template);
  return copy;
}
