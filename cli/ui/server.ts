/** The server of the pages: the pages, what they show, as it changes, and what they ask for. Who is served what is the door's. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setImmediate } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import { LISTENER_OPTIONS, limitConnections, pathOf, serveRequests } from "../../shared/listener.ts";
import type { Reply } from "../../web/wire/envelope.ts";
import { UsageError } from "../program/usage-error.ts";
import { ACTIONS_FOLDER, type AccessRefusal, decideAccess } from "./decide-access.ts";
import { type Ask, type Door, isRefusal, TOO_MANY, type Visit } from "./door.ts";
import type { PageFiles } from "./pages.ts";
import { followFiles, readContext, type TlsFiles } from "./serving-tls.ts";
import type { Query } from "./views/asked.ts";

export interface ServerPorts {
  readonly door: Door;
  readonly pages: PageFiles;
  readonly onFault: (error: unknown) => void;
}

export interface ServerPlace {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly maxConnections: number;
  /** Path that answers whether the server lives, to whomever, and tells nothing else. */
  readonly probePath?: string;
  /** Without it, what is sent can be read on the way. */
  readonly tls?: TlsFiles | undefined;
}

export interface UiServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A manifest that somebody pastes, and no more. */
const MAX_BODY_BYTES = 512 * 1024;

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Longer than proxies keep connections that they use again: what a server ends first is lost on its way. */
const KEEP_ALIVE_MS = 90_000;

/** Starts to listen. */
export async function servePages(ports: ServerPorts, place: ServerPlace): Promise<UiServer> {
  const { http, unfollow } = await openServer(place.tls, ports);
  limitConnections(http, place.maxConnections);
  const app = fastify({
    serverFactory: (handler) => {
      const onRequest = (request: IncomingMessage, response: ServerResponse) => {
        answer(request, response, place.probePath, ports, handler);
      };
      serveRequests(http, onRequest, ports.onFault);
      return http;
    },
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  addRoutes(app, ports);
  await app.listen({ host: place.host, port: place.port });
  const bound = http.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : place.port,
    async close() {
      unfollow();
      await ports.door.close();
      await app.close();
    },
  };
}

/** @throws Error when the certificate can't be read */
async function openServer(tls: TlsFiles | undefined, { onFault }: ServerPorts) {
  const options = { ...LISTENER_OPTIONS, keepAliveTimeout: KEEP_ALIVE_MS };
  if (tls === undefined) return { http: createServer(options), unfollow: () => undefined };
  const https = createTlsServer({ ...options, ...(await readContext(tls)) });
  return { http: https, unfollow: followFiles(https, tls, onFault) };
}

/** Before anything parses the request: refused ones cost nothing. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  probePath: string | undefined,
  { door }: ServerPorts,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const { method = "", headers } = request;
  const path = pathOf(request);
  if (probePath !== undefined && path === probePath && method === "GET") {
    response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
    return;
  }
  const fetchSite = headers["sec-fetch-site"];
  const refusal = decideAccess(
    {
      method,
      path,
      host: onlyOne(request, "host"),
      origin: headers.origin,
      fetchSite: Array.isArray(fetchSite) ? fetchSite.join() : fetchSite,
      contentType: headers["content-type"],
      isSignedIn: door.isSignedIn(request),
    },
    door.servingAt(path),
  );
  const why = refusal ?? (door.arrive(request, response) ? undefined : TOO_MANY);
  if (why === undefined) {
    handler(request, response);
    return;
  }
  response.writeHead(why.status, { "content-type": "application/json", connection: "close" });
  response.end(formatRefusal(why));
}

/** Of a header that stands twice, two programs on the way may read one each. */
function onlyOne({ headersDistinct }: IncomingMessage, name: string): string | undefined {
  const [value, ...others] = headersDistinct[name] ?? [];
  return others.length === 0 ? value : undefined;
}

function formatRefusal({ code, message, next }: Omit<AccessRefusal, "status">): string {
  return JSON.stringify({ error: { code, message, next } });
}

/** Of one name; what objects have anyhow is none. */
function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

interface Asked {
  readonly visit: Visit;
  readonly name: string;
  readonly query: Query;
  readonly body: unknown;
  readonly reply: FastifyReply;
}

function addRoutes(app: FastifyInstance, ports: ServerPorts): void {
  const { door, pages } = ports;
  const nothing = (reply: FastifyReply) =>
    reply.code(404).send({ error: { code: "NO_SUCH_PATH", message: "there is nothing here", next: "go back" } });

  /** Everything below the base, after access was granted: the door alone knows where that is. */
  async function route(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { base } = door.servingAt(pathOf(request.raw));
    const rest = pathOf(request.raw).slice(base.length);
    const query = readQuery(request.query);
    const isGet = request.method === "GET";
    if (isGet && rest === "") {
      const greeting = await door.greet(request.raw, query);
      if (greeting === undefined) return sendFile(reply, pages["index.html"]);
      if (greeting.cookie !== undefined) void reply.header("set-cookie", greeting.cookie);
      return reply.code(greeting.status).type("text/html; charset=utf-8").send(greeting.html);
    }
    const file = isGet && rest !== "index.html" ? entryOf(pages, rest) : undefined;
    if (file !== undefined) return sendFile(reply, file);
    const [, folder = "", name = ""] = /^([a-z]+\/)([a-z]+)$/.exec(rest) ?? [];
    const handle = entryOf(isGet ? READS : ASKS, folder);
    if (handle === undefined) return nothing(reply);
    const visit = await door.enter(request.raw);
    if (isRefusal(visit)) return reply.code(visit.status).send(formatRefusal(visit));
    return (await handle({ visit, name, query, body: request.body, reply }, ports)) ?? nothing(reply);
  }
  const kept = (request: FastifyRequest, reply: FastifyReply) => door.keep(request.raw, () => route(request, reply));
  app.get("/*", kept);
  app.post("/*", kept);
  app.setNotFoundHandler((_request, reply) => nothing(reply));
  app.setErrorHandler((thrown, _request, reply) => sendFault(thrown, reply, ports));
}

const CLOSED = { code: "ENDED", message: "what you look at has ended", next: "load the page again" };

/** Undefined: there is nothing of that name. */
type Handle = (asked: Asked, ports: ServerPorts) => Promise<unknown>;

const READS: Readonly<Record<string, Handle>> = {
  "view/": async ({ visit, name, query }) => {
    const view = entryOf(visit.views, name);
    // A view may take a while: what others asked for meanwhile comes before the next.
    if (view !== undefined) await setImmediate();
    return view?.(query, Date.now());
  },
  "watch/": async ({ visit, name, query, reply }, { door }) => {
    const view = entryOf(visit.views, name);
    if (view === undefined) return undefined;
    if (!door.follow(reply.request.raw)) return reply.code(TOO_MANY.status).send(formatRefusal(TOO_MANY));
    return visit.streams.open(view, query, reply) ? reply : reply.code(503).send(formatRefusal(CLOSED));
  },
};

const ASKS: Readonly<Record<string, Handle>> = {
  "ask/": ({ visit, name, body }, ports) => replyBy(entryOf(visit.questions, name), body, ports),
  [ACTIONS_FOLDER]: ({ visit, name, body }, ports) => replyBy(entryOf(visit.actions, name), body, ports),
};

/** What is given twice is not given: it may mean either. */
function readQuery(query: unknown): Query {
  const entries = Object.entries(isJsonObject(query) ? query : {});
  return Object.fromEntries(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])));
}

function sendFile(reply: FastifyReply, file: PageFiles[string] | undefined): FastifyReply {
  return file === undefined ? reply.code(404).send("there is no page\n") : reply.type(file.type).send(file.text);
}

/**
 * What was asked for, or why there is none, in words and with the next step. Both are good answers of this server; what is nobody's
 * fault but ours is told to the program, too.
 */
async function replyBy(
  ask: Ask | undefined,
  body: unknown,
  { onFault }: ServerPorts,
): Promise<Reply<unknown> | undefined> {
  if (ask === undefined) return undefined;
  try {
    return { value: await ask(body) };
  } catch (thrown) {
    const known = thrown instanceof UsageError ? usageFault(thrown) : toUserError(thrown);
    if (known.code === "INTERNAL") onFault(thrown);
    return { error: { code: known.code, message: known.message, next: known.next } };
  }
}

/** A request that can't be read, or a fault of ours. */
function sendFault(thrown: unknown, answer: FastifyReply, { onFault }: ServerPorts): FastifyReply {
  const status =
    typeof thrown === "object" && thrown !== null && "statusCode" in thrown ? Number(thrown.statusCode) : 500;
  const isOurs = status < 400 || status >= 500;
  if (isOurs) onFault(thrown);
  const message = isOurs ? "the request can't be answered" : "the request can't be read";
  return answer
    .code(isOurs ? 500 : status)
    .send({ error: { code: isOurs ? "INTERNAL" : "BAD_REQUEST", message, next: "load the page again" } });
}

/** What would be a wrong command line is a wrong choice here. */
function usageFault({ message, next }: UsageError): UserError {
  return new UserError("INVALID_OBJECT", message, next === undefined ? {} : { next });
}
