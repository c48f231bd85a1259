/** Serves /metrics, /healthz and /readyz over plain HTTP. */
import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

export interface StatusServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Undefined when all is well, else what is not. */
  readonly whyUnhealthy: () => string | undefined;
  readonly whyNotReady: () => string | undefined;
}

export interface StatusServer {
  /** Port that it really listens on. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws node's error when the address can't be bound */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    const answerHealth = (why: string | undefined): void => answer(why === undefined ? 200 : 503, why ?? "ok");
    switch (new URL(request.url ?? "/", "http://localhost").pathname) {
      case "/metrics":
        options.registry.metrics().then(
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
  });
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

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
