/** From an admission request to its answer: which page of the decision it is for, and how that is said on the wire. */
import { assertNever } from "../shared/errors.ts";
import { keepingHold } from "../shared/injection/hold.ts";
import { readStrategy } from "../shared/injection/strategy.ts";
import { readWorkload, textMapAt, type WorkloadFacts } from "../shared/injection/workload.ts";
import { isJsonObject, valueAt } from "../shared/json/value.ts";
import type { InjectionReason } from "../shared/reasons.ts";
import { decideMutation, type Mutation, type MutationView, type Reasons } from "./decide.ts";
import { moveDeprecatedRules } from "./move-rules.ts";
import type { PatchOperation } from "./patch.ts";
import type { AdmissionRequest, Answer } from "./review.ts";
import { buildWorkloadPatch } from "./workload-patch.ts";

export type GatherMutation = (
  workload: WorkloadFacts,
  change: Pick<MutationView, "operation" | "oldPodTemplate" | "oldStrategy">,
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
  const oldStrategy = oldPodTemplate === undefined ? undefined : readStrategy(oldObject);
  const decision = decideMutation(gather(workload, { operation, oldPodTemplate, oldStrategy }));
  return { answer: answerOf(decision, object, workload), reasons: decision.reasons };
}

function answerOf(decision: Mutation, object: unknown, workload: WorkloadFacts): Answer {
  const auditAnnotations = auditOf(decision.reasons);
  switch (decision.kind) {
    case "skip":
      return { isAllowed: true, warnings: decision.warnings, auditAnnotations };
    case "deny":
      return { isAllowed: false, message: decision.message, auditAnnotations };
    case "change": {
      const { warnings } = decision;
      return { isAllowed: true, patch: buildWorkloadPatch(object, workload, decision), warnings, auditAnnotations };
    }
    default:
      return assertNever(decision);
  }
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
