/** Plain HTTPS requests to the API server of a kubeconfig. No typed client: tests look at what really travels. */
import { request } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";

const TIMEOUT_MS = 15_000;

export interface ApiRequest {
  readonly method?: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

export interface ApiResponse {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

export type ApiServer = (request: ApiRequest) => Promise<ApiResponse>;

/** @throws Error (rejects) when the server can't be reached or does not answer within 15 s; any HTTP status is an answer */
export function connectApiServer(kubeconfigPath: string): ApiServer {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user?.certData === undefined || user.keyData === undefined) {
    throw new Error(`${kubeconfigPath} has no cluster or no client certificate`);
  }
  const fromBase64 = (text: string) => Buffer.from(text, "base64");
  const { server, caData = "" } = cluster;
  const tls = { ca: fromBase64(caData), cert: fromBase64(user.certData), key: fromBase64(user.keyData) };

  return ({ method = "GET", path, body, contentType = "application/json", accept = "application/json" }) => {
    return new Promise((resolve, reject) => {
      const headers = { accept, ...(body === undefined ? {} : { "content-type": contentType }) };
      const outgoing = request(new URL(path, server), { method, headers, timeout: TIMEOUT_MS, ...tls }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          try {
            resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) });
          } catch (cause) {
            reject(new Error(`${method} ${path} did not answer with JSON: ${text.slice(0, 200)}`, { cause }));
          }
        });
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)));
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
}
