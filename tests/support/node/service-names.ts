/** What a Service name of a cluster stands for, from the API server. */
import { objectsAt } from "../../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { CLUSTER_DOMAIN } from "./addresses.ts";

const ENDPOINTS: Resource = { group: "", version: "v1", plural: "endpoints", namespaced: true };

/**
 * Resolves `NAME.NAMESPACE.svc.cluster.local`, and `HOST.NAME...` of a headless Service.
 *
 * @returns IPv4 addresses; undefined when there is no such name
 */
export async function resolveServiceName(client: KubeClient, name: string): Promise<readonly string[] | undefined> {
  const suffix = `.svc.${CLUSTER_DOMAIN}`;
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (!lower.endsWith(suffix)) return undefined;
  const labels = lower.slice(0, -suffix.length).split(".");
  const [namespace, service, ...host] = labels.toReversed();
  if (namespace === undefined || service === undefined || host.length > 1) return undefined;
  const object = await client.find(KUBERNETES.Service, namespace, service, asIs);
  if (object === undefined) return undefined;
  const clusterIp = textAt(object, "spec", "clusterIP");
  if (host.length === 0 && clusterIp !== undefined && clusterIp !== "None") return [clusterIp];
  const endpoints = await client.find(ENDPOINTS, namespace, service, asIs);
  // Endpoints of a Service that publishes pods before they are ready list them as ready.
  const addresses = objectsAt(endpoints, "subsets").flatMap((subset) => objectsAt(subset, "addresses"));
  const wanted = addresses.filter((address) => host.length === 0 || textAt(address, "hostname") === host[0]);
  const found = wanted.flatMap((address) => textAt(address, "ip") ?? []);
  return found.length > 0 || (host.length === 0 && valueAt(endpoints, "metadata") !== undefined) ? found : undefined;
}
