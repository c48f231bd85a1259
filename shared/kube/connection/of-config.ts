/** The connection of a kubeconfig that the client library has read. The library itself is not loaded here. */
import type { Agent, RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../../errors.ts";
import type { Connection, Credentials } from "./credentials.ts";

/**
 * Takes the current context's connection.
 *
 * @throws UserError CONFIGURATION_INVALID when its cluster or user is missing
 */
export function connectionOfConfig(config: KubeConfig): Connection {
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) {
    throw new UserError(
      "CONFIGURATION_INVALID",
      `context "${config.getCurrentContext()}" of the kubeconfig has no cluster or no user`,
    );
  }
  return {
    serverUrl: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    credentials: () => readCredentials(config, cluster.proxyUrl !== undefined),
  };
}

async function readCredentials(config: KubeConfig, throughProxy: boolean): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (typeof options.auth === "string") headers["authorization"] = `Basic ${btoa(options.auth)}`;
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined && value !== null));
  return { headers, tls: given, ...(throughProxy && isAgent(options.agent) ? { proxyAgent: options.agent } : {}) };
}

function isAgent(agent: RequestOptions["agent"]): agent is Agent {
  return typeof agent === "object";
}
