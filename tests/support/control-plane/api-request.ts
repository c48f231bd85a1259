/** One HTTPS request to the test API server, as the client of a certificate. */
import { request } from "node:https";
import type { KeyAndCertificate } from "./certificates.ts";

const REQUEST_TIMEOUT_MS = 15_000;

export interface ApiEndpoint {
  readonly serverUrl: string;
  readonly caPem: string;
  readonly client: KeyAndCertificate;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Sends a request and reads the whole answer.
 *
 * @param path with its query, such as /readyz or /api/v1/namespaces?limit=1
 * @throws Error when the server can't be reached or doesn't answer within 15 s; any HTTP status is an answer
 */
export function apiRequest(
  endpoint: ApiEndpoint,
  path: string,
  options: { readonly method?: string; readonly body?: string; readonly contentType?: string } = {},
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, endpoint.serverUrl),
      {
        method: options.method ?? "GET",
        ca: endpoint.caPem,
        cert: endpoint.client.certPem,
        key: endpoint.client.keyPem,
        agent: false,
        timeout: REQUEST_TIMEOUT_MS,
        headers: options.body === undefined ? {} : { "content-type": options.contentType ?? "application/json" },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer to ${path} in ${REQUEST_TIMEOUT_MS} ms`)));
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}
