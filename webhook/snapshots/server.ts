/**
 * The listener of the Snapshot API. It answers the API server alone, known by its certificate as front proxy: everybody else could say
 * in a header that he is whoever he likes. It has a port, connections and bodies of its own, so that it takes nothing from admission.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import {
  LISTENER_OPTIONS,
  limitConnections,
  pathOf,
  REQUEST_TIMEOUT_MS,
  serveRequests,
} from "../../shared/listener.ts";
import type { Logger } from "../../shared/log.ts";
import { createPlaces } from "../../shared/places.ts";
import { BodyIntake, BodyRefused } from "../body-intake.ts";
import { createClientCheck } from "../client-authority.ts";
import type { UserFacts } from "../review.ts";
import type { ServingCertificate } from "../tls.ts";
import type { TlsOptions } from "../tls-options.ts";
import { type ApiAnswer, type ApiRequest, refused } from "./answer.ts";
import { isDiscovery } from "./discovery.ts";
import { type FrontProxy, readCaller } from "./front-proxy.ts";
import { Refusal } from "./status.ts";

export interface SnapshotServerPorts {
  /** Never throws. */
  readonly answer: (request: ApiRequest) => Promise<ApiAnswer>;
  readonly log: Pick<Logger, "warn">;
}

export interface SnapshotServer {
  /** @returns the port that was given, also where 0 was asked for */
  listen(host: string, port: number): Promise<number>;
  setCertificate(certificate: ServingCertificate): void;
  /** Undefined while it is not known: then nobody is answered. Open connections were checked against another, and end. */
  setFrontProxy(frontProxy: FrontProxy | undefined): void;
  close(): Promise<void>;
}

/** DeleteOptions are short. */
const BODY_LIMITS = { maxBodyBytes: 64 * 1024, maxHeldBytes: 1024 * 1024 };
/** Of calls that are answered at once; each may hold some megabytes. None is begun before its body is read. */
const CALLS = { most: 6, mostOfOne: 2 };
/** From the first byte of a request to its answer: whoever sends his slowly keeps nobody else's place. */
const REQUESTS = { most: 128, mostOfOne: 4 };
/** Somebody waits for the end of a deletion. Each is a look every two seconds. */
const WATCHES = { most: 32, mostOfOne: 4 };
/** API servers keep few, and people wait for one answer at a time. */
const MAX_CONNECTIONS = 256;
/** Longer than the 90 s after which the API server closes its idle connections. */
const KEEP_ALIVE_MS = 120_000;

/** Builds the server; nothing listens before `listen`. */
export function createSnapshotServer(
  certificate: ServingCertificate,
  ports: SnapshotServerPorts,
  tls: TlsOptions,
): SnapshotServer {
  let serving = certificate;
  let frontProxy: FrontProxy | undefined;
  let whyRefused = createClientCheck([]);
  const [requests, calls, watches] = [createPlaces(REQUESTS), createPlaces(CALLS), createPlaces(WATCHES)];
  const intake = new BodyIntake(BODY_LIMITS);
  const context = () => ({
    ...tls,
    cert: serving.cert,
    key: serving.key,
    // Without one of its own node would trust the public authorities.
    ca: frontProxy?.pem ?? [],
  });
  const https = createServer({
    ...LISTENER_OPTIONS,
    ...context(),
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestCert: true,
    // So that a stranger reads why.
    rejectUnauthorized: false,
  });
  limitConnections(https, MAX_CONNECTIONS);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stranger = frontProxy === undefined ? "the API server's front proxy is not known" : whyRefused(request);
    if (frontProxy === undefined || stranger !== undefined) {
      send(response, refused(new Refusal("Unauthorized", stranger ?? "")), true);
      return;
    }
    const caller = readCaller(request, frontProxy);
    if (caller === undefined) {
      send(response, refused(new Refusal("Unauthorized", "the request names no user")), true);
      return;
    }
    const { username } = caller;
    // Without it the API server takes the whole group for gone, and deletes no namespace any more.
    const leave = isDiscovery(request.method, pathOf(request)) ? () => {} : requests.take(username);
    if (leave === undefined) {
      sendBusy(response, "requests");
      return;
    }
    try {
      await serveCaller(request, response, caller);
    } finally {
      leave();
    }
  }

  async function serveCaller(request: IncomingMessage, response: ServerResponse, caller: UserFacts): Promise<void> {
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    const { method = "", url = "" } = request;
    const [path, mark] = [pathOf(request), url.indexOf("?")];
    const query = mark < 0 ? "" : (url.slice(mark + 1).split("#")[0] ?? "");
    const accept = request.headers.accept ?? "";
    let leave: (() => void) | undefined;
    try {
      const body = await readBody(request, response);
      leave = isDiscovery(method, path) ? () => {} : calls.take(caller.username);
      if (leave === undefined) {
        sendBusy(response, "calls");
        return;
      }
      const answer = await ports.answer({ method, path, query, accept, caller, body, signal: leaving.signal });
      if (answer.events === undefined) send(response, answer, false);
      else follow(answer.events, response, { leaving, username: caller.username });
    } catch (error) {
      send(response, refused(bodyRefusal(error)), true);
    } finally {
      leave?.();
    }
  }

  function follow(
    events: AsyncIterable<object>,
    response: ServerResponse,
    { leaving, username }: { readonly leaving: AbortController; readonly username: string },
  ): void {
    const leave = watches.take(username);
    if (leave === undefined) {
      leaving.abort();
      sendBusy(response, "watches");
      return;
    }
    stream(events, response).then(leave, leave);
  }

  function readBody(request: IncomingMessage, response: ServerResponse): Promise<string> {
    if (request.method !== "DELETE") return Promise.resolve("");
    const hasBody =
      request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
    if (hasBody && !/^application\/json\b/i.test(request.headers["content-type"] ?? "application/json")) {
      return Promise.reject(new Refusal("UnsupportedMediaType", "the body is to be application/json"));
    }
    intake.open(request, response);
    return new Promise((resolve, reject) => {
      intake.read(request, (error, body = "") => (error === null ? resolve(body) : reject(error)));
    });
  }

  serveRequests(
    https,
    (request, response) => {
      serve(request, response).catch((error: unknown) => {
        ports.log.warn({ err: error }, "request can't be answered");
        response.destroy();
      });
    },
    (error) => ports.log.warn({ err: error }, "request can't be answered"),
  );

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        https.once("error", reject);
        https.listen(port, host, () => {
          https.off("error", reject);
          const address = https.address();
          resolve(typeof address === "object" && address !== null ? address.port : port);
        });
      }),
    setCertificate(replacement) {
      serving = replacement;
      https.setSecureContext(context());
    },
    setFrontProxy(replacement) {
      frontProxy = replacement;
      whyRefused = createClientCheck(replacement?.names ?? []);
      https.setSecureContext(context());
      https.closeAllConnections();
    },
    close: () =>
      new Promise((resolve) => {
        https.close(() => resolve());
        https.closeAllConnections();
      }),
  };
}

function bodyRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BodyRefused)) throw error;
  return new Refusal(error.statusCode === 429 ? "TooManyRequests" : "BadRequest", error.message);
}

/** Clients of Kubernetes come again by themselves. */
function sendBusy(response: ServerResponse, what: string): void {
  send(
    response.setHeader("retry-after", "1"),
    refused(new Refusal("TooManyRequests", `too many ${what} at once`)),
    true,
  );
}

/** @param isLast ends the connection: what is left of the request is not read */
function send(response: ServerResponse, { status, body, warnings }: ApiAnswer, isLast: boolean): void {
  if (response.headersSent || response.destroyed) return;
  if (isLast) response.setHeader("connection", "close");
  if (warnings.length > 0) response.setHeader("warning", warnings.map(formatWarning));
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

/** One line an event. The end of its time, or of the client, ends it without a word, as it ends watches of API servers. */
async function stream(events: AsyncIterable<object>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.flushHeaders();
  try {
    for await (const event of events) response.write(`${JSON.stringify(event)}\n`);
  } finally {
    response.end();
  }
}

/** A header holds printable ASCII, and the text stands in quotes. */
function formatWarning(text: string): string {
  return `299 - "${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
