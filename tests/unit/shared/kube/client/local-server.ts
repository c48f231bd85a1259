/** An HTTP server on loopback whose answers a test chooses. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Connection } from "../../../../../shared/kube/connection/credentials.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void;

export class LocalServer {
  readonly seen: SeenRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #answer: Answer;

  private constructor(answer: Answer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://local");
        const { method = "", headers } = request;
        const seen = { method, path: pathname, query: searchParams, headers, body: Buffer.concat(parts).toString() };
        this.seen.push(seen);
        this.#answer(seen, response);
      });
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(answer: Answer): Promise<LocalServer> {
    const server = new LocalServer(answer);
    await server.listen(0);
    return server;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  set answer(answer: Answer) {
    this.#answer = answer;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  connection(token?: () => string): Connection {
    return {
      serverUrl: new URL(`http://127.0.0.1:${this.port}`),
      namespace: undefined,
      credentials: async () => ({
        headers: token === undefined ? {} : { authorization: `Bearer ${token()}` },
        tls: {},
      }),
    };
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** The Status that API servers answer refusals with. */
export function aStatus(code: number, reason: string, extra: Record<string, unknown> = {}): unknown {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `${reason} it is`, ...extra };
}
