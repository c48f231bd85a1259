/** Whether a workload carries what it should. Pure; the re-submission and the condition StashSidecarInjected agree by it. */
import { Annotation } from "../../shared/contract.ts";
import { appliedHashes, containersOf, isOwnContainer, isSidecar } from "../../shared/injection/own-parts.ts";
import type { InjectionPlan } from "../../shared/injection/plan.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import type { InjectionReason } from "../../shared/reasons.ts";

export interface WantedInjection {
  readonly plan: InjectionPlan;
  readonly isOptedOut: boolean;
}

/** What the request annotation says where no sidecar is wanted. */
export const WANTS_NOTHING = "none";

/** Without what these name the container can't be planned, but it is still wanted: restarting pods would mend nothing. */
const LEAVES_CONTAINER: readonly InjectionReason[] = ["RepositoryMissing", "RepositoryNotAllowed", "AnnotationInvalid"];

/** Value of the annotation that asks for the wanted state. */
export function wantedHash({ plan, isOptedOut }: WantedInjection): string {
  return isOptedOut ? WANTS_NOTHING : (plan.backup?.hash ?? WANTS_NOTHING);
}

/** Whether the pod template is as the plan says, as far as backups go. */
export function isInjectionCurrent(
  { podTemplate }: Pick<WorkloadFacts, "podTemplate">,
  wanted: WantedInjection,
): boolean {
  const containers = containersOf(podTemplate);
  if (wanted.isOptedOut) return !containers.some(isOwnContainer);
  const hasSidecar = containers.some(isSidecar);
  const { plan } = wanted;
  if (plan.backup !== undefined) return hasSidecar && appliedHashes(podTemplate).backup === plan.backup.hash;
  return !hasSidecar || LEAVES_CONTAINER.includes(plan.reason);
}

/** What was last asked for. */
export function requestedHash({ annotations }: Pick<WorkloadFacts, "annotations">): string | undefined {
  return annotations[Annotation.RequestedInjection];
}
