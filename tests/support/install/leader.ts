/** Which reconciler leads, and where it runs. */
import { Install, LeaseName } from "../../../shared/contract.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { KUBERNETES } from "../objects/resources.ts";

export interface Leader {
  /** Empty when nobody leads. */
  readonly holder: string;
  readonly pod: string;
  readonly node: string;
}

export async function findLeader(client: KubeClient): Promise<Leader> {
  const lease = await client.get(KUBERNETES.Lease, Install.Namespace, LeaseName.Reconciler, asIs);
  const holder = textAt(lease, "spec", "holderIdentity") ?? "";
  const { items } = await client.list(KUBERNETES.Pod, Install.Namespace, (pod) => ({
    pod: textAt(pod, "metadata", "name") ?? "",
    node: textAt(pod, "spec", "nodeName") ?? "",
  }));
  // A process calls itself by its pod's name and something that no other process has.
  const found = items.find(({ pod }) => holder.startsWith(`${pod}-`));
  return { holder, pod: found?.pod ?? "", node: found?.node ?? "" };
}
