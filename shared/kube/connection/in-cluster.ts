/**
 * The connection of a program that runs in a pod: ServiceAccount files and two environment variables. Read by hand and
 * not through the client library, whose generated models cost 80 MiB of memory that such a program does not need.
 */
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Connection } from "./credentials.ts";

/** Where Kubernetes mounts the ServiceAccount's token, CA and namespace. */
const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder with `token`, `ca.crt` and `namespace`; the ServiceAccount's by default. */
  readonly dir?: string;
}

/**
 * Builds the connection from inside a pod.
 *
 * @returns undefined when the process does not run in a pod (no address in the environment, or no token)
 */
export async function inClusterConnection(options: InClusterOptions): Promise<Connection | undefined> {
  const host = options.env["KUBERNETES_SERVICE_HOST"];
  const port = options.env["KUBERNETES_SERVICE_PORT"];
  const dir = options.dir ?? SERVICE_ACCOUNT_DIR;
  if (!host || !port) return undefined;
  // The kubelet replaces the token file before it ends: it is read again and again, see CredentialsCache.
  const read = (file: string): Promise<string> => readFile(join(dir, file), "utf8");
  try {
    await read("token");
  } catch {
    return undefined;
  }
  const namespace = await read("namespace").catch(() => undefined);
  return {
    serverUrl: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    namespace: namespace?.trim(),
    credentials: async () => ({
      headers: { authorization: `Bearer ${(await read("token")).trim()}` },
      tls: { ca: await read("ca.crt") },
    }),
  };
}
