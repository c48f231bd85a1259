/** Removes a pod's object, once nothing of the pod runs any more: a kubelet's last word on a deleted pod. */
import { isStatus, type KubeApi, untilAnswered } from "../api/kube-api.ts";
import type { PodIdentity } from "./pod-status-writer.ts";

/** An object that is gone, or another pod of the name, is left alone. @throws ApiError when refused otherwise, AbortError */
export async function removePod(api: KubeApi, identity: PodIdentity, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = identity;
  const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  await untilAnswered(signal, () => api.request({ method: "DELETE", path, body, signal })).catch((error: unknown) => {
    if (!isStatus(error, 404, 409)) throw error;
  });
}
