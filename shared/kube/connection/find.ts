/** Finds the API server the way every Kubernetes program does. */
import type { Connection } from "./credentials.ts";
import { inClusterConnection } from "./in-cluster.ts";
import { kubeconfigConnection } from "./kubeconfig.ts";

export interface ConnectOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A kubeconfig named by a flag: nothing else is tried. */
  readonly kubeconfigPath?: string;
  readonly context?: string;
  /** Folder with the ServiceAccount's files, when it is not where Kubernetes mounts it. */
  readonly serviceAccountDir?: string;
}

/**
 * Chooses the connection: the named kubeconfig; else $KUBECONFIG; else the pod's ServiceAccount; else ~/.kube/config.
 *
 * @throws UserError CONFIGURATION_INVALID when the chosen kubeconfig cannot be used
 */
export async function findConnection(options: ConnectOptions): Promise<Connection> {
  const context = options.context === undefined ? {} : { context: options.context };
  if (options.kubeconfigPath !== undefined) {
    return kubeconfigConnection({ path: options.kubeconfigPath, ...context });
  }
  if (options.env["KUBECONFIG"]) return kubeconfigConnection(context);
  const { env, serviceAccountDir } = options;
  const inCluster = await inClusterConnection(
    serviceAccountDir === undefined ? { env } : { env, dir: serviceAccountDir },
  );
  return inCluster ?? kubeconfigConnection(context);
}
