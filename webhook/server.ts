/** The HTTPS server: reviews in, reviews out, and what probes and Prometheus ask. */
import { createServer, type Server } from "node:https";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { LISTENER_OPTIONS, REQUEST_TIMEOUT_MS, serveRequests } from "../shared/listener.ts";
import type { Logger } from "../shared/log.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { watchConnections } from "./open-connections.ts";
import { type Answer, formatAnswer, type ParsedReview, parseReview } from "./review.ts";
import type { ServingCertificate } from "./tls.ts";

export interface ServerPorts {
  /** Never throws and never waits. */
  readonly mutate: (review: ParsedReview) => Answer;
  /** Never throws; waits a bounded time. */
  readonly validate: (review: ParsedReview) => Promise<Answer>;
  /** What keeps the program from being ready; empty when it is. */
  readonly findUnready: () => Promise<readonly string[]>;
  readonly metrics: Pick<WebhookMetrics, "countReview" | "format" | "contentType">;
  readonly log: Pick<Logger, "warn">;
}

export interface WebhookServer {
  /** @returns the port that was given, also where 0 was asked for */
  listen(host: string, port: number): Promise<number>;
  /** New connections see the new certificate; those that are open stay. */
  setCertificate(certificate: ServingCertificate): void;
  /** Ends idle connections and waits for answers under way. */
  close(): Promise<void>;
}

/** An object has 3 MiB at most, and an update carries it twice. */
const MAX_BODY_BYTES = 7 * 1024 * 1024;
/** Longer than the 90 s after which the API server closes its idle connections, so that ours never close under a request. */
const KEEP_ALIVE_MS = 120_000;

/** Builds the server; nothing listens before `listen`. */
export function createWebhookServer(certificate: ServingCertificate, ports: ServerPorts): WebhookServer {
  const https = createServer({
    ...LISTENER_OPTIONS,
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    cert: certificate.cert,
    key: certificate.key,
    minVersion: "TLSv1.2",
  });
  const connections = watchConnections(https);
  const app = buildApp(https, ports);
  return {
    listen: async (host, port) => {
      await app.listen({ host, port });
      const address = https.address();
      return typeof address === "object" && address !== null ? address.port : port;
    },
    setCertificate: ({ cert, key }) => https.setSecureContext({ cert, key, minVersion: "TLSv1.2" }),
    close: async () => {
      const closed = app.close();
      connections.end();
      await closed;
    },
  };
}

function buildApp(https: Server, ports: ServerPorts): FastifyInstance {
  const app = fastify({
    serverFactory: (handler) => {
      serveRequests(https, handler, (error) => ports.log.warn({ err: error }, "request can't be answered"));
      return https;
    },
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: false,
  });
  // Own parser: the body's keys are data here, so that `__proto__` in them is no attack but a name.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => done(null, body));
  addReviews(app, "/mutate", async (review) => ports.mutate(review), ports);
  addReviews(app, "/validate", ports.validate, ports);
  app.get("/healthz", async (_request, reply) => text(reply, 200, "ok"));
  app.get("/readyz", async (_request, reply) => {
    const unready = await ports.findUnready();
    return text(reply, unready.length === 0 ? 200 : 503, unready.length === 0 ? "ok" : unready.join("\n"));
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(ports.metrics.contentType).send(await ports.metrics.format()),
  );
  app.setNotFoundHandler((_request, reply) => text(reply, 404, "no such path"));
  app.setErrorHandler((error, _request, reply) => text(reply, statusOf(error), faultOf(error)));
  return app;
}

function addReviews(
  app: FastifyInstance,
  path: string,
  answer: (review: ParsedReview) => Promise<Answer>,
  { metrics, log }: ServerPorts,
): void {
  app.post(path, async ({ body }, reply) => {
    const startedAt = performance.now();
    const review = parseReview(typeof body === "string" ? body : "");
    if ("fault" in review) {
      log.warn({ path, reason: review.fault }, "request is no review");
      return text(reply, 400, review.fault);
    }
    const given = await answer(review);
    metrics.countReview(path, given.isAllowed, (performance.now() - startedAt) / 1_000);
    return reply.type("application/json").send(formatAnswer(review, given));
  });
}

function text(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.code(status).type("text/plain").send(`${body}\n`);
}

/** Faults of a request before it reaches us: too long, wrong content type, broken encoding. */
function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 500 ? status : 500;
}

function faultOf(error: unknown): string {
  return error instanceof Error ? error.message : "the request can't be answered";
}
