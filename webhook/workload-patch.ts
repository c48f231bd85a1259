/** What a decision changes in a workload, as JSON Patch. */
import { Annotation } from "../shared/contract.ts";
import type { StrategyState } from "../shared/injection/strategy.ts";
import type { JsonObject, WorkloadFacts } from "../shared/injection/workload.ts";
import { isJsonObject } from "../shared/json/value.ts";
import type { Mutation } from "./decide.ts";
import { withChild, withField, withoutField } from "./json-edit.ts";
import { buildPatch, escapePointer, type PatchOperation } from "./patch.ts";

/**
 * @param object the workload as it came
 * @param workload what was read of it
 */
export function buildWorkloadPatch(
  object: unknown,
  { podTemplate }: Pick<WorkloadFacts, "podTemplate">,
  decision: Extract<Mutation, { readonly kind: "change" }>,
): readonly PatchOperation[] {
  const { strategy, removedAnnotations } = decision;
  return [
    ...buildPatch(podTemplate, decision.podTemplate, "/spec/template"),
    ...removedAnnotations.map(removeAnnotation),
    ...(strategy === undefined || !isJsonObject(object) ? [] : buildPatch(object, withStrategy(object, strategy))),
  ];
}

/** The workload with another strategy, and with the kept one in its annotation; nothing else of it changes. */
export function withStrategy(object: JsonObject, { strategy, kept }: StrategyState): JsonObject {
  const key = Annotation.KeptStrategy;
  const placed = withChild(object, "spec", (spec) =>
    strategy === undefined ? withoutField(spec, "strategy") : withField(spec, "strategy", strategy),
  );
  return withChild(placed, "metadata", (metadata) =>
    withChild(metadata, "annotations", (annotations) =>
      kept === undefined ? withoutField(annotations, key) : withField(annotations, key, kept),
    ),
  );
}

function removeAnnotation(key: string): PatchOperation {
  return { op: "remove", path: `/metadata/annotations/${escapePointer(key)}` };
}
