/** Looks at all pods of a namespace. The informer keeps only those that carry our containers, and it may be behind. */
import type { Clock } from "../../shared/clock.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { readMountingPod } from "./mounting-pod.ts";
import { SeenPods } from "./seen-pods.ts";

export interface LookPorts {
  readonly client: Pick<KubeClient, "list">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly signal: AbortSignal;
}

/**
 * @param namespace of the restore
 * @param uids of the pods that it is for
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function lookAtPods(
  { client, clock, signal }: LookPorts,
  namespace: string,
  uids: readonly string[],
): Promise<SeenPods> {
  const startedMs = clock.monotonic();
  const { items } = await client.list(PODS, namespace, readMountingPod, { signal });
  const pods = items.flatMap((pod) => pod ?? []);
  const endedMs = clock.monotonic();
  return new SeenPods(pods, uids, endedMs, endedMs - startedMs);
}
