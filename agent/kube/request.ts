/** One HTTPS request to the API server, on a connection of its own. */
import { isIP } from "node:net";
import { connect } from "node:tls";
import { messageOf, UserError } from "../../shared/errors.ts";
import { createResponseReader, type ResponseHead } from "./http-response.ts";
import type { ApiIdentity } from "./identity.ts";

export interface ApiRequest {
  readonly method: "GET" | "PATCH" | "POST";
  /** Path with query, URL-encoded. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** The connection is dead when no byte comes for so long. */
  readonly silenceLimitMs: number;
  readonly signal?: AbortSignal;
  onHead?(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
}

/** Probes an idle connection, so that a vanished API server is noticed. */
const KEEP_ALIVE_MS = 30_000;

function head(request: ApiRequest, identity: ApiIdentity): string {
  const lines = [
    `${request.method} ${request.path} HTTP/1.1`,
    `Host: ${identity.host.includes(":") ? `[${identity.host}]` : identity.host}:${identity.port}`,
    `Authorization: Bearer ${identity.token()}`,
    "Accept: application/json",
    "User-Agent: stash-batch-agent",
    "Connection: close",
  ];
  if (request.body !== undefined) {
    lines.push(`Content-Type: ${request.contentType ?? "application/json"}`);
    lines.push(`Content-Length: ${Buffer.byteLength(request.body)}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/**
 * Sends the request and reads the answer to its end.
 *
 * @returns the head of the answer, whatever its status
 * @throws UserError API_UNAVAILABLE when there is no whole answer; the abort reason when the signal aborts
 */
export function sendRequest(identity: ApiIdentity, request: ApiRequest): Promise<ResponseHead> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    let answer: ResponseHead | undefined;
    const socket = connect({
      host: identity.host,
      port: identity.port,
      ca: identity.ca(),
      ALPNProtocols: ["http/1.1"],
      ...(isIP(identity.host) === 0 ? { servername: identity.host } : {}),
    });
    const abort = () => finish(() => reject(signal?.reason));
    const fail = (what: string, cause?: unknown) =>
      finish(() =>
        reject(
          new UserError("API_UNAVAILABLE", `the API server at ${identity.host}:${identity.port} ${what}`, { cause }),
        ),
      );
    let isFinished = false;
    function finish(settle: () => void): void {
      if (isFinished) return;
      isFinished = true;
      signal?.removeEventListener("abort", abort);
      socket.destroy();
      settle();
    }
    const reader = createResponseReader({
      onHead(received) {
        answer = received;
        request.onHead?.(received);
      },
      onBody: (chunk) => request.onBody(chunk),
      onEnd: () => {
        const received = answer;
        finish(() => (received === undefined ? reject(new Error("no head")) : resolve(received)));
      },
    });
    function read(step: () => void): void {
      try {
        if (!isFinished) step();
      } catch (error) {
        fail(messageOf(error), error);
      }
    }
    signal?.addEventListener("abort", abort, { once: true });
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setTimeout(request.silenceLimitMs, () => fail(`was silent for ${request.silenceLimitMs / 1_000} s`));
    socket.once("secureConnect", () => read(() => socket.write(head(request, identity) + (request.body ?? ""))));
    socket.on("data", (chunk: Buffer) => read(() => reader.feed(chunk)));
    socket.once("end", () => read(() => reader.end()));
    socket.once("close", () => fail("closed the connection"));
    socket.once("error", (error) => fail(`can't be reached: ${error.message}`, error));
  });
}
