/** Sends a workload through admission again: the webhook then changes its template as the annotations ask. */
import { Annotation } from "../../shared/contract.ts";
import { formatHold, type Hold, WANTS_NOTHING } from "../../shared/injection/hold.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { WORKLOADS } from "../../shared/kube/resources.ts";
import { patchNamed } from "../authority.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";
import { readWorkloadObject, type WorkloadObject } from "../world/workload-object.ts";
import { FIELD_MANAGER } from "./template-manager.ts";

/** Annotations to set on the workload; null takes one away. */
export type Ask = Readonly<Record<string, string | null>>;

/** Asks for the sidecar of that hash, or for none, and ends a hold. */
export function askFor(hash: string): Ask {
  return { [Annotation.RequestedInjection]: hash, [Annotation.InjectionHeld]: null };
}

/** Asks for what the template should be, and leaves a hold as it is. */
export function askAgain(hash: string): Ask {
  return { [Annotation.RequestedInjection]: hash };
}

/** Asks for no sidecar until the hold is ended. */
export function askToHold(hold: Hold): Ask {
  return { [Annotation.RequestedInjection]: WANTS_NOTHING, [Annotation.InjectionHeld]: formatHold(hold) };
}

/** Asks for the init-container of a restore that is gone to be taken out. @param ask of askOfLeftOver() */
export function askToTakeOut(ask: string): Ask {
  return { [Annotation.RequestedRestore]: ask };
}

/** Ends a hold where nothing wants a sidecar. */
export const ASK_TO_RELEASE: Ask = { [Annotation.InjectionHeld]: null };

/**
 * @returns the workload as admission left it
 * @throws KubeError; UserError OUTSIDE_NAMESPACE
 */
export function resubmit(
  client: Pick<KubeClient, "patch">,
  { kind, namespace, name }: WorkloadId,
  annotations: Ask,
  options: { readonly signal: AbortSignal; readonly dryRun?: boolean },
): Promise<WorkloadObject | undefined> {
  return patchNamed(
    client,
    namespace,
    { resource: WORKLOADS[kind], namespace, name },
    { kind: "merge", body: { metadata: { annotations } } },
    (raw) => readWorkloadObject(kind, raw),
    { ...options, fieldManager: FIELD_MANAGER },
  );
}
