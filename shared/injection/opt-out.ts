/** Two answers that webhook and reconciler must give alike, or they would undo each other's work for ever. */
import { Annotation, INJECT_DISABLED } from "../contract.ts";
import type { InjectionReason } from "../reasons.ts";
import type { InjectionView } from "./view.ts";

/** Whether a workload or its namespace says that it wants no container of ours: by annotation, or by a label of the same key. */
export function isOptedOut({ workload, namespace }: Pick<InjectionView, "workload" | "namespace">): boolean {
  return [workload, namespace].some(
    ({ annotations, labels }) =>
      annotations[Annotation.Inject] === INJECT_DISABLED || labels[Annotation.Inject] === INJECT_DISABLED,
  );
}

const KEEPS_CONTAINER: readonly InjectionReason[] = [
  "RepositoryMissing",
  "RepositoryNotAllowed",
  "AnnotationInvalid",
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
