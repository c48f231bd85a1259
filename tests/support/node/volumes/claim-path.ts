/** From a claim to a folder of this machine, by the volume that the controller manager bound it to. */

import { parseKind } from "../api/kinds.ts";
import type { KubeApi } from "../api/kube-api.ts";
import { isStatus } from "../api/kube-api.ts";

/** @throws Error when the claim is missing or unbound, or its volume is of a kind that has no folder here */
export async function readClaimPath(api: KubeApi, namespace: string, claimName: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`;
  const answer = await api.request({ method: "GET", path }).catch((error: unknown) => {
    if (isStatus(error, 404)) throw new Error(`persistentvolumeclaim "${claimName}" not found`);
    throw error;
  });
  const claim = parseKind("V1PersistentVolumeClaim", answer);
  const volumeName = claim.spec?.volumeName;
  if (claim.status?.phase !== "Bound" || volumeName === undefined) {
    throw new Error(`persistentvolumeclaim "${claimName}" is not bound`);
  }
  const volume = parseKind(
    "V1PersistentVolume",
    await api.request({ method: "GET", path: `/api/v1/persistentvolumes/${volumeName}` }),
  );
  const folder = volume.spec?.hostPath?.path ?? volume.spec?.local?.path;
  if (folder === undefined) throw new Error(`persistentvolume "${volumeName}" is neither hostPath nor local`);
  return folder;
}
