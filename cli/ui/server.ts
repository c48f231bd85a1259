/** The local server: the pages, what they show, as it changes, and what they ask for. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/kube/json-value.ts";
import { toUserError } from "../../shared/kube/kube-error.ts";
import { LISTENER_OPTIONS, limitConnections, pathOf, serveRequests } from "../../shared/listener.ts";
import type { Reply } from "../../web/wire/envelope.ts";
import { UsageError } from "../program/usage-error.ts";
import { ACTIONS_FOLDER, type AccessRefusal, decideAccess, type ServingFacts } from "./decide-access.ts";
import type { PageFiles } from "./pages.ts";
import type { SignIn } from "./sign-in.ts";
import { formatLeadingPage, REFUSED_PAGE } from "./sign-in-pages.ts";
import { createStreams, type Streams } from "./streams.ts";
import type { Query, ViewTable } from "./views/view-table.ts";

export type Ask = (body: unknown) => Promise<unknown>;

export interface UiPorts {
  readonly signIn: SignIn;
  readonly pages: PageFiles;
  readonly views: ViewTable;
  /** Calls back whenever something may look different. @returns ends that */
  readonly onChange: (changed: () => void) => () => void;
  /** What is asked once, and only reads. */
  readonly questions: Readonly<Record<string, Ask>>;
  /** What changes the cluster; none of it is there unless actions are allowed. */
  readonly actions: Readonly<Record<string, Ask>>;
  readonly allowsActions: boolean;
  /** The address has been used. */
  readonly onSignIn: () => void;
  readonly onFault: (error: unknown) => void;
}

export interface UiServer {
  /** What a person opens; good once. */
  readonly address: string;
  close(): Promise<void>;
}

export const LOOPBACK = "127.0.0.1";
/** A manifest that somebody pastes, and no more. */
const MAX_BODY_BYTES = 512 * 1024;
const MAX_CONNECTIONS = 128;

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

/** Starts to listen on loopback. @param port 0 for any that is free */
export async function startUiServer(ports: UiPorts, port: number): Promise<UiServer> {
  const http = createServer({ ...LISTENER_OPTIONS });
  limitConnections(http, MAX_CONNECTIONS);
  const serving = { authority: "", base: ports.signIn.base, allowsActions: ports.allowsActions };
  const streams = createStreams(ports);
  const app = fastify({
    serverFactory: (handler) => {
      serveRequests(http, (request, response) => answer(request, response, serving, ports, handler), ports.onFault);
      return http;
    },
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  addRoutes(app, ports, streams);
  await app.listen({ host: LOOPBACK, port });
  const bound = http.address();
  serving.authority = `${LOOPBACK}:${typeof bound === "object" && bound !== null ? bound.port : port}`;
  return {
    address: `http://${serving.authority}${ports.signIn.base}?token=${ports.signIn.token}`,
    async close() {
      streams.close();
      await app.close();
    },
  };
}

/** Before anything parses the request: refused ones cost nothing. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  serving: ServingFacts,
  { signIn }: UiPorts,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const { method = "", headers } = request;
  const { host, origin, cookie } = headers;
  const fetchSite = headers["sec-fetch-site"];
  const refusal = decideAccess(
    {
      method,
      path: pathOf(request),
      host,
      origin,
      fetchSite: Array.isArray(fetchSite) ? fetchSite.join() : fetchSite,
      contentType: headers["content-type"],
      isSignedIn: signIn.knows(cookie),
    },
    serving,
  );
  if (refusal === undefined) {
    handler(request, response);
    return;
  }
  response.writeHead(refusal.status, { "content-type": "application/json", connection: "close" });
  response.end(formatRefusal(refusal));
}

function formatRefusal({ code, message, next }: Omit<AccessRefusal, "status">): string {
  return JSON.stringify({ error: { code, message, next } });
}

function addRoutes(app: FastifyInstance, ports: UiPorts, streams: Streams): void {
  const { signIn, pages, views } = ports;
  const { base } = signIn;
  const icon = Object.keys(pages).find((name) => name.endsWith(".svg"));
  const actions = ports.allowsActions ? ports.actions : {};
  app.get(base, async ({ headers, query }, reply) => {
    const { token } = readQuery(query);
    if (token === undefined)
      return signIn.knows(headers.cookie) ? sendFile(reply, pages["index.html"]) : sendPage(reply, 401, REFUSED_PAGE);
    const value = signIn.redeem(token, Date.now());
    if (value === undefined && !signIn.knows(headers.cookie)) return sendPage(reply, 401, REFUSED_PAGE);
    if (value !== undefined) {
      ports.onSignIn();
      void reply.header("set-cookie", signIn.cookie(value));
    }
    // A redirect, and every reload after it, would still come from where the address was opened, which may be another site: without the
    // cookie. What this page leads to comes from here.
    return sendPage(reply, 200, formatLeadingPage(base, icon));
  });
  for (const [name, file] of Object.entries(pages)) {
    if (name !== "index.html") app.get(`${base}${name}`, async (_request, reply) => sendFile(reply, file));
  }
  for (const [name, view] of Object.entries(views)) {
    app.get(`${base}view/${name}`, async ({ query }) => view(readQuery(query), Date.now()));
    app.get(`${base}watch/${name}`, (request, reply) => {
      if (!streams.open(view, readQuery(request.query), reply)) void reply.code(503).send("too many pages are open\n");
    });
  }
  for (const [name, ask] of Object.entries(ports.questions)) {
    app.post(`${base}ask/${name}`, async ({ body }) => reply(ask, body, ports));
  }
  for (const [name, act] of Object.entries(actions)) {
    app.post(`${base}${ACTIONS_FOLDER}${name}`, async ({ body }) => reply(act, body, ports));
  }
  app.setNotFoundHandler((_request, reply) => {
    return reply.code(404).send({ error: { code: "NO_SUCH_PATH", message: "there is nothing here", next: "go back" } });
  });
  app.setErrorHandler((thrown, _request, reply) => sendFault(thrown, reply, ports));
}

/** What is given twice is not given: it may mean either. */
function readQuery(query: unknown): Query {
  const entries = Object.entries(isJsonObject(query) ? query : {});
  return Object.fromEntries(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])));
}

function sendFile(reply: FastifyReply, file: PageFiles[string] | undefined): FastifyReply {
  return file === undefined ? reply.code(404).send("there is no page\n") : reply.type(file.type).send(file.text);
}

function sendPage(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type("text/html; charset=utf-8").send(text);
}

/**
 * What was asked for, or why there is none, in words and with the next step. Both are good answers of this server; what is nobody's
 * fault but ours is told to the program, too.
 */
async function reply(ask: Ask, body: unknown, { onFault }: UiPorts): Promise<Reply<unknown>> {
  try {
    return { value: await ask(body) };
  } catch (thrown) {
    const known = thrown instanceof UsageError ? usageFault(thrown) : toUserError(thrown);
    if (known.code === "INTERNAL") onFault(thrown);
    return { error: { code: known.code, message: known.message, next: known.next } };
  }
}

/** A request that can't be read, or a fault of ours. */
function sendFault(thrown: unknown, answer: FastifyReply, { onFault }: UiPorts): FastifyReply {
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
