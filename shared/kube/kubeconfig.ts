/** The connection that a kubeconfig describes, with everything that the client library knows: exec programs, OIDC, proxies. */
import type { Agent, RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../errors.ts";
import type { Connection, Credentials } from "./connection.ts";

export interface KubeconfigOptions {
  /** File to read; by default $KUBECONFIG, then ~/.kube/config. */
  readonly path?: string;
  /** Context to use instead of the current one. */
  readonly context?: string;
}

/**
 * Reads a kubeconfig.
 *
 * @throws UserError CONFIGURATION_INVALID when it cannot be read or its context, cluster or user is missing
 */
export async function kubeconfigConnection(options: KubeconfigOptions = {}): Promise<Connection> {
  // Loaded here and not at the top: see in-cluster.ts.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    if (options.path === undefined) config.loadFromDefault();
    else config.loadFromFile(options.path);
    if (options.context !== undefined) config.setCurrentContext(options.context);
  } catch (cause) {
    const where = options.path ?? "the default kubeconfig";
    throw new UserError("CONFIGURATION_INVALID", `${where} cannot be read: ${messageOf(cause)}`, { cause });
  }
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
