/** From an admission request to its answer: which page of the decision it is for, and how that is said on the wire. */
import { assertNever } from "../shared/errors.ts";
import { keepingHold } from "../shared/injection/hold.ts";
import { readWorkload, textMapAt, type WorkloadFacts } from "../shared/injection/workload.ts";
import { isJsonObject, valueAt } from "../shared/kube/json-value.ts";
import type { InjectionReason } from "../shared/reasons.ts";
import { type Decision, decideMutation, type MutationView, type Reasons } from "./decide.ts";
import { moveDeprecatedRules } from "./move-rules.ts";
import { buildPatch, escapePointer, type PatchOperation } from "./patch.ts";
import type { AdmissionRequest, Answer } from "./review.ts";

export type GatherMutation = (
  workload: WorkloadFacts,
  change: Pick<MutationView, "operation" | "oldPodTemplate">,
) => MutationView;

export interface MutationResult {
  readonly answer: Answer;
  readonly reasons: Reasons;
}

/** Answers a request for `/mutate`. Pure given `gather`. */
export function mutate(request: AdmissionRequest, gather: GatherMutation): MutationResult {
  const { operation, object, oldObject, namespace } = request;
  if (request.subresource !== "") return untouched("Subresource");
  if (operation !== "CREATE" && operation !== "UPDATE") return untouched("OtherKind");
  if (request.kind === "RestoreSession") return patched("OtherKind", moveDeprecatedRules(object));
  const read = readWorkload(object, namespace);
  if (read === undefined) return untouched("OtherKind");
  const workload = keepingHold(read, textMapAt(oldObject, "metadata", "annotations"));
  const oldTemplate = valueAt(oldObject, "spec", "template");
  const oldPodTemplate = isJsonObject(oldTemplate) ? oldTemplate : undefined;
  const decision = decideMutation(gather(workload, { operation, oldPodTemplate }));
  return { answer: answerOf(decision, workload), reasons: decision.reasons };
}

function answerOf(decision: Decision, workload: WorkloadFacts): Answer {
  const auditAnnotations = auditOf(decision.reasons);
  switch (decision.kind) {
    case "skip":
      return { isAllowed: true, warnings: decision.warnings, auditAnnotations };
    case "deny":
      return { isAllowed: false, message: decision.message, auditAnnotations };
    case "change": {
      const { podTemplate, removedAnnotations, warnings } = decision;
      const patch = [
        ...buildPatch(workload.podTemplate, podTemplate, "/spec/template"),
        ...removedAnnotations.map(removeAnnotation),
      ];
      return { isAllowed: true, patch, warnings, auditAnnotations };
    }
    default:
      return assertNever(decision);
  }
}

function removeAnnotation(key: string): PatchOperation {
  return { op: "remove", path: `/metadata/annotations/${escapePointer(key)}` };
}

/** Keys of audit annotations; the API server puts the webhook's name before them. */
function auditOf({ backup, restore }: Reasons): Readonly<Record<string, string>> {
  return { backup, ...(restore !== undefined && { restore }) };
}

function untouched(reason: InjectionReason): MutationResult {
  return patched(reason, []);
}

function patched(reason: InjectionReason, patch: readonly PatchOperation[]): MutationResult {
  const reasons = { backup: reason };
  return { answer: { isAllowed: true, patch, auditAnnotations: auditOf(reasons) }, reasons };
}
