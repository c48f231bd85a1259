/** What all process nodes of one cluster in this process share: the pods' network and the ways to Services. */
import type { V1Endpoints, V1Service } from "@kubernetes/client-node";
import { parseKind } from "./api/kinds.ts";
import { type KubeApi, untilAnswered } from "./api/kube-api.ts";
import { type ObjectStore, startObjectStore } from "./api/object-store.ts";
import { type NetworkMode, type NodeNetwork, startNodeNetwork } from "./sandbox/node-network.ts";
import { ServiceProxy } from "./services/service-proxy.ts";

export interface ClusterFabric {
  readonly network: NodeNetwork;
  readonly services: ObjectStore<V1Service>;
  readonly endpoints: ObjectStore<V1Endpoints>;
  /** The last node to let go ends the network. */
  release(): Promise<void>;
}

interface Entry {
  readonly fabric: Promise<Omit<ClusterFabric, "release"> & { stop(): Promise<void> }>;
  users: number;
}

const entries = new Map<string, Entry>();

/** @throws Error when namespaces or addresses cannot be made, or the API server refuses */
export async function acquireFabric(api: KubeApi, mode: NetworkMode | undefined): Promise<ClusterFabric> {
  const key = api.serverUrl.href;
  const entry = entries.get(key) ?? { fabric: startFabric(api, mode), users: 0 };
  entries.set(key, entry);
  entry.users++;
  const release = async (): Promise<void> => {
    if (--entry.users > 0) return;
    entries.delete(key);
    await (await entry.fabric).stop();
  };
  try {
    return { ...(await entry.fabric), release };
  } catch (error) {
    entries.delete(key);
    throw error;
  }
}

async function startFabric(
  api: KubeApi,
  mode: NetworkMode | undefined,
): Promise<Omit<ClusterFabric, "release"> & { stop(): Promise<void> }> {
  const kubernetes = parseKind(
    "V1Service",
    await untilAnswered(AbortSignal.timeout(30_000), () =>
      api.request({ method: "GET", path: "/api/v1/namespaces/default/services/kubernetes" }),
    ),
  );
  const network = await startNodeNetwork(serviceCidrOf(kubernetes), mode, (reason) =>
    process.stderr.write(`process node: pods share the machine's network: ${reason}\n`),
  );
  const services = startObjectStore(api, { kind: "V1Service", path: "/api/v1/services" });
  const endpoints = startObjectStore(api, { kind: "V1Endpoints", path: "/api/v1/endpoints" });
  await Promise.all([services.synced, endpoints.synced]);
  const proxy =
    network.mode === "shared"
      ? undefined
      : new ServiceProxy({
          bridgePid: network.holder.pid,
          apiServerUrl: api.serverUrl,
          services,
          endpoints,
          onError: (error) => process.stderr.write(`process node: ${error}\n`),
        });
  await proxy?.settled();
  const stop = async (): Promise<void> => {
    services.stop();
    endpoints.stop();
    await proxy?.stop();
    await network.stop();
  };
  return { network, services, endpoints, stop };
}

/** No object tells the range; the Service `kubernetes` has its first address, and ranges of tests are a /16 or smaller. */
function serviceCidrOf(kubernetes: V1Service): string {
  const octets = (kubernetes.spec?.clusterIP ?? "10.96.0.1").split(".");
  return `${octets[0]}.${octets[1]}.0.0/16`;
}
