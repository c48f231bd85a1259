/** Makes the NetworkPolicies of a drill, before its pods. What is there already was made by an earlier try. */
import { COMMON_VARIABLES } from "../../shared/backends.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { isForbidden } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { ENDPOINTS, NETWORK_POLICIES, SECRETS } from "../../shared/kube/resources.ts";
import { secretNameBeside } from "../../shared/repository/backend-secret.ts";
import { inNamespace } from "../authority.ts";
import { createOwn } from "./create-own.ts";
import { buildPolicies, type NetworkFacts } from "./network.ts";
import type { DrillView } from "./view.ts";

const API_SERVER = { namespace: "default", name: "kubernetes" } as const;
/** Of the Service in every cluster, and the usual one behind it. */
const USUAL_PORTS = [443, 6443] as const;
const PROXIES = COMMON_VARIABLES.filter((key) => /^https?_proxy$/i.test(key));

export type NetworkClient = Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;

/**
 * @throws UserError TARGET_INVALID when a name is taken by somebody else
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function makeNetwork(client: NetworkClient, view: DrillView, signal: AbortSignal): Promise<void> {
  const { drill } = view;
  const { namespace, uid = "" } = drill.metadata;
  const [proxies, apiPorts] = await Promise.all([gatherProxies(client, view, signal), gatherApiPorts(client, signal)]);
  const facts: NetworkFacts = { backend: view.repository?.spec.backend, proxies, apiPorts };
  const here = inNamespace(client, namespace);
  for (const policy of buildPolicies(drill, facts)) await createOwn(here, NETWORK_POLICIES, policy, uid, signal);
}

/** restic takes them from the Secret that the drill's pods mount. */
async function gatherProxies(
  client: NetworkClient,
  { drill, repository }: DrillView,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { storageSecretName } = repository?.spec.backend ?? {};
  if (repository === undefined || !storageSecretName) return [];
  const { namespace } = drill.metadata;
  const name = secretNameBeside(storageSecretName, repository.metadata.namespace, namespace);
  const readProxies = (raw: unknown) =>
    PROXIES.flatMap((key) => {
      const value = textAt(raw, "data", key);
      return value === undefined ? [] : [Buffer.from(value, "base64").toString("utf8").trim()];
    });
  return (await inNamespace(client, namespace).find(SECRETS, name, readProxies, { signal })) ?? [];
}

/** An installation that sees one namespace is not told. */
async function gatherApiPorts(client: NetworkClient, signal: AbortSignal): Promise<readonly number[]> {
  const readPorts = (raw: unknown) =>
    listAt(raw, "subsets").flatMap((subset) => listAt(subset, "ports").flatMap((port) => numberAt(port, "port") ?? []));
  try {
    const { namespace, name } = API_SERVER;
    const found = await client.find(ENDPOINTS, namespace, name, readPorts, { signal });
    return [...USUAL_PORTS, ...(found ?? [])];
  } catch (error) {
    if (isForbidden(error)) return USUAL_PORTS;
    throw error;
  }
}
