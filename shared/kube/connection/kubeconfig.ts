/** The connection that a kubeconfig describes, with everything that the client library knows: exec programs, OIDC, proxies. */
import { messageOf, UserError } from "../../errors.ts";
import type { Connection } from "./credentials.ts";
import { connectionOfConfig } from "./of-config.ts";

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
  return connectionOfConfig(config);
}
