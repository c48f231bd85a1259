/** Which cluster, as which user, in which namespace: found as kubectl finds it, and with words of its own when there is none. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../../shared/errors.ts";
import { nearestNames } from "./nearest-names.ts";

export interface KubeconfigChoice {
  /** Of --kubeconfig: nothing else is tried. */
  readonly path: string | undefined;
  readonly context: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/**
 * Reads the named file; else those of $KUBECONFIG; else the pod's ServiceAccount; else ~/.kube/config.
 *
 * @throws UserError CONFIGURATION_INVALID
 */
export function loadKubeconfig({ path, context, env }: KubeconfigChoice): KubeConfig {
  const config = new KubeConfig();
  const source = path ?? findSource(env);
  try {
    if (source === IN_CLUSTER) config.loadFromCluster();
    else loadFiles(config, path === undefined ? source.split(delimiter).filter(existsSync) : [source]);
  } catch (cause) {
    throw invalid(`kubeconfig ${source} can't be read: ${messageOf(cause)}`, cause);
  }
  if (context !== undefined) {
    requireContext(config, context, source);
    config.setCurrentContext(context);
  }
  requireCluster(config, source);
  // `kubectl proxy` speaks HTTP, as kubectl does. The library wants it said that there is no certificate to verify.
  config.clusters = config.clusters.map((one) =>
    one.server.startsWith("http:") ? { ...one, skipTLSVerify: true } : one,
  );
  return config;
}

const IN_CLUSTER = "of the pod's ServiceAccount";

function findSource(env: KubeconfigChoice["env"]): string {
  const named = env["KUBECONFIG"];
  const own = join(env["HOME"] || homedir(), ".kube", "config");
  if (named) {
    if (named.split(delimiter).some((file) => file !== "" && existsSync(file))) return named;
    throw invalid(`the kubeconfig that $KUBECONFIG names does not exist: ${named}`);
  }
  if (env["KUBERNETES_SERVICE_HOST"] && existsSync(ACCOUNT_TOKEN)) return IN_CLUSTER;
  if (existsSync(own)) return own;
  throw invalid(`there is no kubeconfig: no --kubeconfig, no $KUBECONFIG, and ${own} does not exist`);
}

function loadFiles(config: KubeConfig, files: readonly string[]): void {
  const [first = "", ...others] = files;
  config.loadFromFile(first);
  for (const file of others) {
    const more = new KubeConfig();
    more.loadFromFile(file);
    config.mergeConfig(more);
  }
}

function requireContext(config: KubeConfig, context: string, source: string): void {
  const names = config.getContexts().map(({ name }) => name);
  if (names.includes(context)) return;
  const near = nearestNames(context, names);
  throw invalid(`kubeconfig ${source} has no context ${context}`, undefined, near);
}

function requireCluster(config: KubeConfig, source: string): void {
  if (config.getCurrentCluster() !== null && config.getCurrentUser() !== null) return;
  const current = config.getCurrentContext();
  if (!current) throw invalid(`kubeconfig ${source} has no current context`);
  throw invalid(`context ${current} of kubeconfig ${source} has no cluster or no user`);
}

function invalid(message: string, cause?: unknown, near: readonly string[] = []): UserError {
  const next =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : "name a file with --kubeconfig or $KUBECONFIG, and one of its contexts with --context";
  return new UserError("CONFIGURATION_INVALID", message, { next, cause });
}
