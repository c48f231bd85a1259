/** Serves /metrics, /healthz and /readyz over plain HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { LISTENER_OPTIONS, limitConnections, pathOf, serveRequests } from "../shared/listener.ts";

export interface StatusServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Undefined when all is well, else what is not. */
  readonly whyUnhealthy: () => string | undefined;
  readonly whyNotReady: () => string | undefined;
  /** Told of requests that could not be answered; each was ended. */
  readonly onFault: (error: unknown) => void;
}

export interface StatusServer {
  /** Port that it really listens on. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Probes and Prometheus need a handful. */
const MAX_CONNECTIONS = 128;

/** @throws node's error when the address can't be bound */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer(LISTENER_OPTIONS);
  limitConnections(server, MAX_CONNECTIONS);
  const readMetrics = sharedWhileRunning(() => options.registry.metrics());
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    const answerHealth = (why: string | undefined): void => answer(why === undefined ? 200 : 503, why ?? "ok");
    switch (pathOf(request)) {
      case "/metrics":
        readMetrics().then(
          (text) => answer(200, text, options.registry.contentType),
          (error: unknown) => answer(500, String(error)),
        );
        return;
      case "/healthz":
        answerHealth(options.whyUnhealthy());
        return;
      case "/readyz":
        answerHealth(options.whyNotReady());
        return;
      default:
        answer(404, "there is /metrics, /healthz and /readyz");
    }
  };
  serveRequests(server, handle, options.onFault);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(options.port, options.host, resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    stop: () => closeServer(server),
  };
}

/** However many ask at once, the work is done once at a time: metrics of thousands of objects take a while. */
function sharedWhileRunning<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= read().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
