import { isAsPlanned } from "../../shared/injection/as-planned.ts";
import { WANTS_NOTHING } from "../../shared/injection/hold.ts";
import { keepsSidecar } from "../../shared/injection/opt-out.ts";
import { appliedHashes, containersOf, isOwnContainer, isSidecar } from "../../shared/injection/own-parts.ts";
import type { InjectionPlan } from "../../shared/injection/plan.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";

export interface WantedInjection {
  readonly plan: InjectionPlan;
  readonly isOptedOut: boolean;
  /** That is injected now. */
  readonly image: string;
}

/** Value of the annotation that asks for the wanted state. */
export function wantedHash({ plan, isOptedOut }: Pick<WantedInjection, "plan" | "isOptedOut">): string {
  return isOptedOut ? WANTS_NOTHING : (plan.backup?.hash ?? WANTS_NOTHING);
}

/** Whether the pod template is as the plan says, as far as backups go. */
export function isInjectionCurrent(
  { podTemplate }: Pick<WorkloadFacts, "podTemplate">,
  wanted: WantedInjection,
): boolean {
  const containers = containersOf(podTemplate);
  if (wanted.isOptedOut) return !containers.some(isOwnContainer);
  const sidecar = containers.find(isSidecar);
  const { plan, image } = wanted;
  if (plan.backup === undefined) return sidecar === undefined || keepsSidecar(plan.reason);
  const hasHash = appliedHashes(podTemplate).backup === plan.backup.hash;
  return sidecar !== undefined && hasHash && isAsPlanned(sidecar, podTemplate, plan.backup, image);
}
