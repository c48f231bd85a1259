/** Answers that webhook and reconciler must give alike, or they would undo each other's work for ever. */
import { Annotation, INJECT_DISABLED } from "../contract.ts";
import type { InjectionReason } from "../reasons.ts";
import type { NamespaceFacts } from "./view.ts";

type Texts = Pick<NamespaceFacts, "annotations" | "labels">;

/** Whether an object itself says that it wants no container of ours: by annotation, or by a label of the same key. */
export function saysOptOut({ annotations, labels }: Texts): boolean {
  return annotations[Annotation.Inject] === INJECT_DISABLED || labels[Annotation.Inject] === INJECT_DISABLED;
}

/** Whether a workload or its namespace says so. @param view undefined namespace: nothing is known of it */
export function isOptedOut(view: { readonly workload: Texts; readonly namespace: Texts | undefined }): boolean {
  return saysOptOut(view.workload) || (view.namespace !== undefined && saysOptOut(view.namespace));
}

const KEEPS_CONTAINER: readonly InjectionReason[] = [
  "RepositoryMissing",
  "RepositoryNotAllowed",
  "AnnotationInvalid",
  "SettingsInvalid",
  "BlueprintNotAllowed",
  "BlueprintInvalid",
];

/**
 * Whether a sidecar that is there stays, though no plan can be made for it: an invoker still wants it, what is missing may
 * come back, and restarting pods would mend nothing.
 *
 * @param reason why there is no plan
 */
export function keepsSidecar(reason: InjectionReason): boolean {
  return KEEPS_CONTAINER.includes(reason);
}
