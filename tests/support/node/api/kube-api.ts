/**
 * The process node's own way to the API server: plain HTTPS with the credentials of a kubeconfig. It is apart from the
 * product's client on purpose, so that a fault there cannot hide behind the same fault here.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with its query, such as `/api/v1/nodes`. */
  readonly path: string;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface KubeApi {
  readonly serverUrl: URL;
  readonly caPem: string;
  /**
   * @returns the answer's JSON
   * @throws ApiError for every status outside 200..299, and the socket's error when there is no answer
   */
  request(request: ApiRequest): Promise<unknown>;
  /** Reads an answer of one JSON object a line until it ends. @throws ApiError, the socket's error, AbortError */
  readLines(path: string, onLine: (line: unknown) => void, signal: AbortSignal): Promise<void>;
}

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

const REQUEST_TIMEOUT_MS = 15_000;
/** A watch is silent between bookmarks (about a minute apart); longer silence means a dead connection. */
const WATCH_SILENCE_MS = 90_000;

/** @throws Error when the kubeconfig names no reachable cluster */
export async function openKubeApi(kubeconfigPath: string): Promise<KubeApi> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${kubeconfigPath} has no current cluster`);
  const serverUrl = new URL(cluster.server);
  const tls: https.RequestOptions = {};
  await config.applyToHTTPSOptions(tls);
  const secure = serverUrl.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: 64 };
  const agent = secure
    ? new https.Agent({ ...agentOptions, ca: tls.ca, cert: tls.cert, key: tls.key })
    : new http.Agent(agentOptions);
  const client = secure ? https : http;

  function send(request: ApiRequest, silenceMs: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const body = request.body === undefined ? undefined : JSON.stringify(request.body);
      const headers: Record<string, string> = { accept: "application/json" };
      for (const [name, value] of Object.entries(tls.headers ?? {}))
        if (value !== undefined) headers[name] = `${value}`;
      if (body !== undefined) {
        headers["content-type"] = request.contentType ?? "application/json";
        // Node would send the body of a DELETE without saying that there is one.
        headers["content-length"] = `${Buffer.byteLength(body)}`;
      }
      const call = client.request(
        new URL(request.path, serverUrl),
        { method: request.method, headers, agent, ...(request.signal === undefined ? {} : { signal: request.signal }) },
        resolve,
      );
      call.setTimeout(silenceMs, () => call.destroy(new Error(`${request.method} ${request.path} timed out`)));
      call.on("error", reject);
      call.end(body);
    });
  }

  return {
    serverUrl,
    caPem: `${tls.ca ?? ""}`,
    async request(request) {
      const response = await send(request, REQUEST_TIMEOUT_MS);
      const text = await readText(response);
      return parseAnswer(request, response.statusCode ?? 0, text);
    },
    async readLines(path, onLine, signal) {
      const request: ApiRequest = { method: "GET", path, signal };
      const response = await send(request, WATCH_SILENCE_MS);
      if (response.statusCode !== 200) {
        parseAnswer(request, response.statusCode ?? 0, await readText(response));
      }
      let rest = "";
      response.setEncoding("utf8");
      for await (const chunk of response) {
        const lines = `${rest}${chunk}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") onLine(JSON.parse(line));
      }
    },
  };
}

/**
 * Repeats a call until the API server answers it: a server that restarts is no reason to forget a status.
 * A refusal by the server (4xx but 429) is an answer.
 *
 * @throws ApiError on refusal, AbortError when the signal ends the wait
 */
export async function untilAnswered<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2_000)) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
      await delay(waitMs, undefined, { signal });
    }
  }
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status);
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

function parseAnswer(request: ApiRequest, status: number, text: string): unknown {
  if (status < 200 || status > 299) {
    throw new ApiError(status, `${request.method} ${request.path}: ${status} ${text.slice(0, 500)}`);
  }
  return text === "" ? undefined : JSON.parse(text);
}
