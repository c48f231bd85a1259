/** The HTTPS server: reviews in, reviews out, and what probes and Prometheus ask. */
import { createServer, type Server } from "node:https";
import { type FastifyInstance, type FastifyReply, fastify, type onRequestAsyncHookHandler } from "fastify";
import { LISTENER_OPTIONS, limitConnections, REQUEST_TIMEOUT_MS, serveRequests } from "../shared/listener.ts";
import type { Logger } from "../shared/log.ts";
import { BodyIntake, BodyRefused } from "./body-intake.ts";
import { type ClientAuthority, createClientCheck } from "./client-authority.ts";
import { findJsonFault, MAX_JSON_PARTS } from "./json-size.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { watchConnections } from "./open-connections.ts";
import {
  type Answer,
  type AnsweredReview,
  formatAnswer,
  type ParsedReview,
  parseReview,
  type ReviewFault,
} from "./review.ts";
import type { ServingCertificate } from "./tls.ts";
import { DEFAULT_TLS_OPTIONS, type TlsOptions } from "./tls-options.ts";

export interface ServerPorts {
  /** Answers the body of a review for `/mutate` that needs no decision; undefined when it needs one. Never throws and never waits. */
  readonly passUnconcerned?: (body: string) => AnsweredReview | undefined;
  /** Never throws and never waits. */
  readonly mutate: (review: ParsedReview) => Answer;
  /** Reads and answers the body of a review. Never throws; waits a bounded time. */
  readonly validate: (body: string) => Promise<AnsweredReview | ReviewFault>;
  /** What keeps the program from being ready; empty when it is. */
  readonly findUnready: () => Promise<readonly string[]>;
  readonly metrics: Pick<WebhookMetrics, "countReview" | "format" | "contentType">;
  readonly log: Pick<Logger, "warn">;
}

export interface ServerOptions {
  readonly tls?: TlsOptions;
  /** With one, reviews are answered to its clients alone; probes and metrics to anyone. */
  readonly clientAuthority?: ClientAuthority | undefined;
}

export interface WebhookServer {
  /** @returns the port that was given, also where 0 was asked for */
  listen(host: string, port: number): Promise<number>;
  /** New connections see the new certificate; those that are open stay. */
  setCertificate(certificate: ServingCertificate): void;
  /** New connections are checked against the new authority. */
  setClientAuthority(pem: string): void;
  /** Ends idle connections and waits for answers under way. */
  close(): Promise<void>;
}

/** An object has 3 MiB at most, and an update carries it twice. */
const MAX_BODY_BYTES = 7 * 1024 * 1024;
/** Of all bodies at once: thousands of usual size. With what reading them takes it stays far below the container's limit. */
const MAX_HELD_BYTES = 24 * 1024 * 1024;
/** Below this a body can't take much memory, whatever it says, and looking at it would cost each review. */
const UNSUSPICIOUS_LENGTH = 64 * 1024;
/** API servers open a connection for each review that they wait for; ten of them with hundreds under way fit. */
const MAX_CONNECTIONS = 2_048;
/** Longer than the 90 s after which the API server closes its idle connections, so that ours never close under a request. */
const KEEP_ALIVE_MS = 120_000;

/** Builds the server; nothing listens before `listen`. */
export function createWebhookServer(
  certificate: ServingCertificate,
  ports: ServerPorts,
  { tls = DEFAULT_TLS_OPTIONS, clientAuthority }: ServerOptions = {},
): WebhookServer {
  let serving = certificate;
  let clientCa = clientAuthority?.pem;
  const context = () => ({
    ...tls,
    cert: serving.cert,
    key: serving.key,
    ...(clientCa !== undefined && { ca: clientCa }),
  });
  const https = createServer({
    ...LISTENER_OPTIONS,
    ...context(),
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Probes have no certificate, so one is asked for and looked at where it is needed.
    requestCert: clientAuthority !== undefined,
    rejectUnauthorized: false,
  });
  limitConnections(https, MAX_CONNECTIONS);
  const connections = watchConnections(https);
  const app = buildApp(https, ports, clientAuthority && createClientCheck(clientAuthority.names));
  return {
    listen: async (host, port) => {
      await app.listen({ host, port });
      const address = https.address();
      return typeof address === "object" && address !== null ? address.port : port;
    },
    setCertificate: (replacement) => {
      serving = replacement;
      https.setSecureContext(context());
    },
    setClientAuthority: (pem) => {
      clientCa = pem;
      https.setSecureContext(context());
    },
    close: async () => {
      const closed = app.close();
      connections.end();
      await closed;
    },
  };
}

type ClientCheck = ReturnType<typeof createClientCheck>;

function buildApp(https: Server, ports: ServerPorts, whyRefused: ClientCheck | undefined): FastifyInstance {
  const intake = new BodyIntake({ maxBodyBytes: MAX_BODY_BYTES, maxHeldBytes: MAX_HELD_BYTES });
  const app = fastify({
    serverFactory: (handler) => {
      const serve: typeof handler = (request, response) => {
        if (request.method !== "GET") intake.open(request, response);
        handler(request, response);
      };
      serveRequests(https, serve, (error) => ports.log.warn({ err: error }, "request can't be answered"));
      return https;
    },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: false,
  });
  // Own parser: the body's keys are data here, so that `__proto__` in them is no attack but a name.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", (_request, payload, done) => intake.read(payload, done));
  const hooks = whyRefused === undefined ? {} : { onRequest: refuseStrangers(whyRefused) };
  addReviews(app, { path: "/mutate", hooks, answer: async (body) => answerMutation(body, ports) }, ports);
  addReviews(app, { path: "/validate", hooks, answer: ports.validate }, ports);
  app.get("/healthz", async (_request, reply) => text(reply, 200, "ok"));
  app.get("/readyz", async (_request, reply) => {
    const unready = await ports.findUnready();
    return text(reply, unready.length === 0 ? 200 : 503, unready.length === 0 ? "ok" : unready.join("\n"));
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(ports.metrics.contentType).send(await ports.metrics.format()),
  );
  app.setNotFoundHandler((_request, reply) => text(reply, 404, "no such path"));
  app.setErrorHandler((error, _request, reply) => {
    // What is left of the body is not waited for.
    if (error instanceof BodyRefused) reply.header("connection", "close");
    return text(reply, statusOf(error), faultOf(error));
  });
  return app;
}

/** Before the body is read: a stranger's is not worth it. */
function refuseStrangers(whyRefused: ClientCheck): onRequestAsyncHookHandler {
  return async ({ raw }, reply) => {
    const why = whyRefused(raw);
    if (why !== undefined) return text(reply.header("connection", "close"), 403, why);
  };
}

interface ReviewRoute {
  readonly path: string;
  readonly hooks: { readonly onRequest?: onRequestAsyncHookHandler };
  readonly answer: (body: string) => Promise<AnsweredReview | ReviewFault>;
}

function addReviews(app: FastifyInstance, { path, hooks, answer }: ReviewRoute, { metrics, log }: ServerPorts): void {
  app.post(path, hooks, async ({ body }, reply) => {
    const startedAt = performance.now();
    const answered = await answer(typeof body === "string" ? body : "");
    if ("fault" in answered) {
      log.warn({ path, reason: answered.fault }, "request is no review");
      return text(reply, answered.status ?? 400, answered.fault);
    }
    metrics.countReview(path, answered.answer.isAllowed, (performance.now() - startedAt) / 1_000);
    return reply.type("application/json").send(formatAnswer(answered.review, answered.answer));
  });
}

type MutationPorts = Pick<ServerPorts, "mutate" | "passUnconcerned">;

function answerMutation(body: string, { mutate, passUnconcerned }: MutationPorts): AnsweredReview | ReviewFault {
  const passed = passUnconcerned?.(body);
  if (passed !== undefined) return passed;
  const fault = body.length > UNSUSPICIOUS_LENGTH ? findJsonFault(body, { maxParts: MAX_JSON_PARTS }) : undefined;
  if (fault !== undefined) return { fault: `the body can't be read: ${fault}` };
  const review = parseReview(body);
  return "fault" in review ? review : { review, answer: mutate(review) };
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
