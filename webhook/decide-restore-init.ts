/** The restore half of the decision; the table is in decide.ts. */
import { Annotation } from "../shared/contract.ts";
import { appliedHashes, containersOf, isInitOf, isRestoreInit } from "../shared/injection/own-parts.ts";
import type { InjectionPlan, RestorePlan } from "../shared/injection/plan.ts";
import type { JsonObject, TextMap } from "../shared/injection/workload.ts";
import type { InjectionReason } from "../shared/reasons.ts";
import { hasItsVolumes } from "./decide-backup.ts";
import { withRestoreInit } from "./inject/with.ts";
import { withoutRestoreInit } from "./inject/without.ts";

export interface RestoreStepInput {
  readonly podTemplate: JsonObject;
  readonly oldPodTemplate: JsonObject | undefined;
  readonly annotations: TextMap;
  readonly plan: InjectionPlan;
  readonly isCreate: boolean;
  /** The workload is new, or its owner changes the template. */
  readonly isOwnChange: () => boolean;
  /** The value by which the reconciler asks for the init-container of a restore that is gone to be taken out; undefined while one needs it. */
  readonly askOfLeftOver: string | undefined;
  readonly image: string;
  readonly claimTemplateNames: readonly string[];
}

export interface RestoreStep {
  /** Undefined when no restore is concerned. */
  readonly reason: InjectionReason | undefined;
  readonly podTemplate: JsonObject;
}

/** Decides on the init-container, and builds the template that follows. */
export function decideRestoreInit(input: RestoreStepInput): RestoreStep {
  const { podTemplate, plan, isOwnChange, claimTemplateNames, askOfLeftOver } = input;
  const isAsked = askOfLeftOver !== undefined && input.annotations[Annotation.RequestedRestore] === askOfLeftOver;
  if (isAsked) return dropped(podTemplate);
  if (plan.restore !== undefined) return decideWanted(input, plan.restore);
  const container = findInit(podTemplate);
  const problem = plan.restoreProblem?.reason;
  if (container === undefined) return { reason: problem, podTemplate: withoutRestoreInit(podTemplate) };
  if (problem === undefined && isOwnChange()) return dropped(podTemplate);
  if (!hasItsVolumes(container, podTemplate, claimTemplateNames)) return dropped(podTemplate);
  return { reason: problem, podTemplate };
}

function decideWanted(input: RestoreStepInput, plan: RestorePlan): RestoreStep {
  const { podTemplate, oldPodTemplate, annotations, isCreate, isOwnChange, image } = input;
  const container = findInit(podTemplate);
  if (container !== undefined && appliedHashes(podTemplate).restore === plan.hash) {
    return { reason: "UpToDate", podTemplate };
  }
  const isThere = carries(container, plan);
  const wasThere = isThere || (oldPodTemplate !== undefined && carries(findInit(oldPodTemplate), plan));
  const isItsTurn = annotations[Annotation.RequestedRestore] === plan.invoker.uid;
  // Taken out by a manifest that doesn't know of it, or no longer right for the template.
  const isToBeMended = wasThere && (!isThere || isOwnChange());
  if (isToBeMended || (!plan.isHolding && (isCreate || isItsTurn))) {
    return { reason: "RestoreInjected", podTemplate: withRestoreInit(podTemplate, plan, image) };
  }
  if (container !== undefined && !isThere && isOwnChange()) return dropped(podTemplate);
  return { reason: plan.isHolding ? undefined : "HeldForTurn", podTemplate };
}

function dropped(podTemplate: JsonObject): RestoreStep {
  return { reason: "RestoreRemoved", podTemplate: withoutRestoreInit(podTemplate) };
}

function findInit(podTemplate: JsonObject): JsonObject | undefined {
  return containersOf(podTemplate).find(isRestoreInit);
}

function carries(container: JsonObject | undefined, { invoker }: RestorePlan): boolean {
  return container !== undefined && isInitOf(container, invoker);
}
