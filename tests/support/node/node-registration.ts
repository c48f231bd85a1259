/** The Node object, its status and its Lease, kept fresh as a kubelet does. */
import { setTimeout as delay } from "node:timers/promises";
import { isStatus, type KubeApi, untilAnswered } from "./api/kube-api.ts";

export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  /** Absent when the node serves no kubelet port. */
  readonly kubeletPort?: number;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** The controller manager calls a node lost after 40 s without a word. */
const HEARTBEAT_MS = 5_000;
const MAX_PODS = 500;

/** Makes the node known and Ready; heartbeats go on until the signal aborts. @throws ApiError when refused */
export async function registerNode(api: KubeApi, facts: NodeFacts, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/nodes/${facts.name}`;
  const labels = {
    "kubernetes.io/hostname": facts.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": process.arch === "x64" ? "amd64" : process.arch,
  };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: facts.name, labels } };
  await untilAnswered(signal, () => api.request({ method: "POST", path: "/api/v1/nodes", body: node, signal })).catch(
    (error: unknown) => {
      if (!isStatus(error, 409)) throw error;
    },
  );
  const readySince = formatTime();
  const beat = async (): Promise<void> => {
    await untilAnswered(signal, () =>
      api.request({
        method: "PATCH",
        path: `${path}/status`,
        contentType: "application/merge-patch+json",
        body: { status: buildStatus(facts, readySince) },
        signal,
      }),
    );
    await renewLease(api, facts.name, signal);
  };
  await beat();
  void (async () => {
    while (!signal.aborted) {
      await delay(HEARTBEAT_MS, undefined, { signal, ref: false }).catch(() => undefined);
      // A heartbeat that is refused (the node object was deleted) is tried again with the next.
      if (!signal.aborted) await beat().catch(() => undefined);
    }
  })();
}

/** @throws ApiError when refused, AbortError when the API server does not answer in the signal's time */
export async function unregisterNode(api: KubeApi, name: string, signal: AbortSignal): Promise<void> {
  for (const path of [
    `/api/v1/nodes/${name}`,
    `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`,
  ]) {
    await api.request({ method: "DELETE", path, signal }).catch((error: unknown) => {
      if (!isStatus(error, 404)) throw error;
    });
  }
}

function buildStatus(facts: NodeFacts, readySince: string): object {
  const resources = { cpu: `${facts.cpus}`, memory: `${facts.memoryBytes}`, pods: `${MAX_PODS}` };
  const now = formatTime();
  const condition = (type: string, status: string, reason: string): object => ({
    ...{ type, status, reason, message: reason },
    ...{ lastHeartbeatTime: now, lastTransitionTime: readySince },
  });
  return {
    capacity: { ...resources, "ephemeral-storage": "100Gi" },
    allocatable: { ...resources, "ephemeral-storage": "100Gi" },
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID"),
      condition("Ready", "True", "KubeletReady"),
    ],
    addresses: [{ type: "InternalIP", address: facts.address }],
    ...(facts.kubeletPort === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: facts.kubeletPort } } }),
    nodeInfo: {
      machineID: "",
      systemUUID: "",
      bootID: "",
      kernelVersion: "",
      osImage: "process node",
      containerRuntimeVersion: "process-node://1",
      kubeletVersion: "v1.20.2",
      kubeProxyVersion: "v1.20.2",
      operatingSystem: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
    },
  };
}

async function renewLease(api: KubeApi, name: string, signal: AbortSignal): Promise<void> {
  const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
  try {
    await api.request({
      method: "PATCH",
      path: `${path}/${name}`,
      contentType: "application/merge-patch+json",
      body: { spec },
      signal,
    });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec };
    await api.request({ method: "POST", path, body, signal }).catch((refusal: unknown) => {
      // The namespace of node leases comes a moment after the API server; the status alone keeps the node alive.
      if (!isStatus(refusal, 404, 409)) throw refusal;
    });
  }
}

function formatTime(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
