/**
 * A proxy before the API server that can do to requests what bad days do: kill the client at a request, lose it, answer in
 * the server's place, or not at all. Plain HTTP on loopback; to the server it is the given client.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { Connection } from "../../../shared/kube/connection/credentials.ts";

export interface ProxiedRequest {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
}

export type Fault =
  /** The request never reaches the server, and the client gets no answer. */
  | { readonly kind: "lose" }
  /** The server handles the request, and the client gets no answer. */
  | { readonly kind: "lose answer" }
  | { readonly kind: "answer"; readonly status: number; readonly body: string };

/** Looks at each request before it is passed on; undefined passes it on as it is. */
export type Meddle = (request: ProxiedRequest) => Fault | undefined;

export interface ApiProxy {
  readonly url: string;
  meddle: Meddle;
  stop(): Promise<void>;
}

export async function startApiProxy(connection: Connection): Promise<ApiProxy> {
  const { tls } = await connection.credentials();
  const agent = new Agent({ keepAlive: true, ...tls });
  let meddle: Meddle = () => undefined;
  const server = createServer((incoming, outgoing) => {
    const fault = meddle({ method: incoming.method ?? "GET", path: incoming.url ?? "/" });
    if (fault?.kind === "answer") {
      incoming.resume();
      outgoing.writeHead(fault.status, { "content-type": "application/json" }).end(fault.body);
    } else if (fault?.kind === "lose") {
      incoming.resume();
    } else {
      passOn(connection.serverUrl, agent, incoming, fault === undefined ? outgoing : undefined);
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    get meddle() {
      return meddle;
    },
    set meddle(next) {
      meddle = next;
    },
    async stop() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  return address.port;
}

/** @param outgoing where the answer goes; undefined loses it */
function passOn(serverUrl: URL, agent: Agent, incoming: IncomingMessage, outgoing: ServerResponse | undefined): void {
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const upstream = request(new URL(incoming.url ?? "/", serverUrl), { method: incoming.method, headers, agent });
  upstream.on("response", (answer) => {
    if (outgoing === undefined) {
      answer.resume();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    answer.pipe(outgoing);
    outgoing.on("close", () => answer.destroy());
  });
  upstream.on("error", () => outgoing?.destroy());
  outgoing?.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}
