/** Writes Events about pods, as a kubelet does. One that cannot be written is dropped: it is for people. */
import { randomBytes } from "node:crypto";
import type { V1Pod } from "@kubernetes/client-node";
import type { KubeApi } from "../api/kube-api.ts";

export type RecordEvent = (
  pod: V1Pod,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
  container?: string,
) => void;

export function createEventRecorder(api: KubeApi, nodeName: string): RecordEvent {
  return (pod, type, reason, message, container) => {
    const { namespace = "", name = "", uid } = pod.metadata ?? {};
    const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const isInit = pod.spec?.initContainers?.some((candidate) => candidate.name === container) === true;
    const list = isInit ? "initContainers" : "containers";
    const fieldPath = container === undefined ? {} : { fieldPath: `spec.${list}{${container}}` };
    api
      .request({
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/events`,
        body: {
          metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace },
          involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid, ...fieldPath },
          type,
          reason,
          message: message.slice(0, 1_024),
          source: { component: "kubelet", host: nodeName },
          firstTimestamp: time,
          lastTimestamp: time,
          count: 1,
        },
      })
      .catch(() => undefined);
  };
}
