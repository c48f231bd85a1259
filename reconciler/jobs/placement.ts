/**
 * Where a job's pod may run.
 *
 * | # | the claim that is the target | placement |
 * |---|---|---|
 * | 1 | the user's settings name a node, or an affinity | as they say |
 * | 2 | mounted by no pod, or can be mounted by several nodes | anywhere |
 * | 3 | one pod alone may have it, and one has | refused |
 * | 4 | one node alone may mount it | on the node of the pod that has it, with that pod's tolerations |
 *
 * The node is named by its name: its label `kubernetes.io/hostname` may say something else.
 */
import type { PodSettings } from "../../shared/api/runtime-settings.ts";
import { UserError } from "../../shared/errors.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import type { ClaimFact, ClaimUser } from "./view.ts";

const MANY_NODES: readonly string[] = ["ReadWriteMany", "ReadOnlyMany"];
const ONE_POD = "ReadWriteOncePod";

/**
 * @returns fields of the pod's spec
 * @throws UserError UNSCHEDULABLE when another pod has the claim to itself
 */
export function placeJob(
  claim: ClaimFact | undefined,
  users: readonly ClaimUser[],
  settings: PodSettings | undefined,
): JsonObject {
  const user = users[0];
  if (claim === undefined || user === undefined) return {};
  if (claim.accessModes.includes(ONE_POD)) {
    throw new UserError("UNSCHEDULABLE", `volume claim ${claim.name} is for one pod alone, and ${user.pod} has it`, {
      next: "Stop the pod while the job runs, or back the volume up through its workload.",
    });
  }
  const isChosen = settings?.nodeName !== undefined || settings?.affinity !== undefined;
  if (isChosen || claim.accessModes.some((mode) => MANY_NODES.includes(mode))) return {};
  const tolerations = objectsAt(user.podTemplate, "spec", "tolerations");
  return { ...onNode(user.nodeName), ...(tolerations.length > 0 && { tolerations }) };
}

/** Fields of a pod's spec that keep it on one node. */
export function onNode(nodeName: string): JsonObject {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] };
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
  };
}
