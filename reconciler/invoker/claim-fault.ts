/** Claims for which a restart with the sidecar would never end, though the API server takes its pods. */
import { isOwnVolumeName } from "../../shared/injection/own-parts.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { CLAIMS } from "../../shared/kube/resources.ts";
import { isReplacedInPlace } from "../injection/decide-proof.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

/**
 * A claim of a local backend that is not there, so that no node takes the pods; or one for one pod at a time, where the next pod is to come
 * before the present one goes.
 *
 * @returns words for people
 * @throws KubeError
 */
export async function findClaimFault(
  client: Pick<KubeClient, "find">,
  workload: WorkloadObject,
  podTemplate: JsonObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isInTurn =
    workload.existingReplicas > 0 && workload.facts.kind === "Deployment" && !isReplacedInPlace(workload);
  for (const volume of listAt(podTemplate, "spec", "volumes")) {
    const claim = textAt(volume, "persistentVolumeClaim", "claimName");
    const isOurs = isOwnVolumeName(textAt(volume, "name") ?? "");
    if (claim === undefined || !(isOurs || isInTurn)) continue;
    const found = await client.find(CLAIMS, workload.facts.namespace, claim, asIs, { signal });
    if (found === undefined && isOurs) return `claim ${claim} of the Repository's local backend does not exist`;
    if (!isInTurn || !listAt(found, "spec", "accessModes").includes("ReadWriteOncePod")) continue;
    return `claim ${claim} is ReadWriteOncePod and the Deployment makes the next pod before the present one goes, so that its restart would never end: set strategy.type to Recreate`;
  }
  return undefined;
}
