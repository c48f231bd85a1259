/** Where the data of claims lies on this machine. */
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { KUBERNETES } from "./resources.ts";

/** Folder of this machine behind a claim that has its volume. */
export async function folderOfClaim(client: KubeClient, namespace: string, claim: string): Promise<string> {
  const bound = await client.get(KUBERNETES.PersistentVolumeClaim, namespace, claim, asIs);
  const volume = textAt(bound, "spec", "volumeName") ?? "";
  const found = await client.get(KUBERNETES.PersistentVolume, undefined, volume, asIs);
  return textAt(found, "spec", "hostPath", "path") ?? "";
}
