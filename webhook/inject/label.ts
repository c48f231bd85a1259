/** The label by which the reconciler finds pods with a container of ours. */
import { Label, LabelValue } from "../../shared/contract.ts";
import { containersOf, isLabelled, isOwnContainer } from "../../shared/injection/own-parts.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { withChild, withField, withoutField } from "../json-edit.ts";

/**
 * The pod template with the label, where it has a container of ours.
 *
 * @param mayAdd the template changes anyway: for a label alone nobody is restarted
 */
export function settleLabel(podTemplate: JsonObject, mayAdd: () => boolean): JsonObject {
  if (isLabelled(podTemplate) || !containersOf(podTemplate).some(isOwnContainer) || !mayAdd()) return podTemplate;
  return withLabels(podTemplate, (labels) => withField(labels, Label.Injected, LabelValue.Injected));
}

export function withoutLabel(podTemplate: JsonObject): JsonObject {
  return withLabels(podTemplate, (labels) => withoutField(labels, Label.Injected));
}

function withLabels(podTemplate: JsonObject, change: (labels: JsonObject) => JsonObject): JsonObject {
  return withChild(podTemplate, "metadata", (metadata) => withChild(metadata, "labels", change));
}
