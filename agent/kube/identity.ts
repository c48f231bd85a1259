/** Who the agent is for the API server, and where that is. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";

/** Where Kubernetes itself puts a ServiceAccount's token. */
const DEFAULT_IDENTITY = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface ApiIdentity {
  readonly host: string;
  readonly port: number;
  readonly namespace: string;
  /** PEM text. Read for each connection, since the cluster may change its CA. */
  ca(): string;
  /** Read again when the file changed: the kubelet replaces it before it expires. */
  token(): string;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return;
    throw new UserError("CONFIGURATION_INVALID", `${path} can't be read`, { cause: error });
  }
}

function freshToken(path: string): () => string {
  let token = "";
  let readAtMs = -1;
  return () => {
    const { mtimeMs } = statSync(path);
    if (mtimeMs !== readAtMs) {
      token = readFileSync(path, "utf8").trim();
      readAtMs = mtimeMs;
    }
    return token;
  };
}

/**
 * Finds token, CA and namespace in files, and the API server in the environment.
 *
 * @param folders where to look, first hit wins
 * @throws UserError CONFIGURATION_INVALID when one of them is missing
 */
export function gatherIdentity(
  env: Readonly<Record<string, string | undefined>>,
  folders: readonly string[] = [Path.Identity, DEFAULT_IDENTITY],
): ApiIdentity {
  const folder = folders.find((candidate) => readText(join(candidate, "token")) !== undefined);
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = Number(env["KUBERNETES_SERVICE_PORT"] ?? "443");
  if (folder === undefined) {
    throw new UserError("CONFIGURATION_INVALID", `there is no ServiceAccount token in ${folders.join(" or ")}`);
  }
  if (host === undefined || host === "" || !Number.isInteger(port)) {
    throw new UserError("CONFIGURATION_INVALID", "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  const caPath = join(folder, "ca.crt");
  return {
    host,
    port,
    namespace: env["POD_NAMESPACE"] || readText(join(folder, "namespace"))?.trim() || "default",
    ca: () => readText(caPath) ?? "",
    token: freshToken(join(folder, "token")),
  };
}
