/**
 * HTTP/1.1 to the API server over node's own modules: kept-alive connections for requests, one connection a stream.
 * One call here is one attempt; what is tried again stands in retry.ts.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { type Connection, CredentialsCache, type TlsMaterial } from "../connection/credentials.ts";
import { ConnectionFault, KubeError } from "./error.ts";
import { type HttpCall, RoundTrip } from "./round-trip.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An answer whose body comes in as long as the server sends. `close` ends it at once, also while it is read. */
export interface HttpStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

export interface Transport {
  /** @throws KubeError with status 0 when there is no answer; the signal's reason when it was aborted */
  send(call: HttpCall): Promise<HttpAnswer>;
  /** @throws as send */
  open(call: HttpCall): Promise<HttpStream>;
  /** Credentials were refused: read them anew for the next call. */
  invalidateCredentials(): void;
  /** Ends every connection. */
  close(): void;
}

export interface TransportOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Connections for requests; more requests than that wait for a free one. Streams have their own. */
  readonly maxConnections: number;
  readonly onServerTime?: ((timeMs: number) => void) | undefined;
}

/** How long tokens and certificates are used before their files are read again; client-go takes a minute too. */
const CREDENTIALS_MAX_AGE_MS = 60_000;
/** Silence after which the kernel asks the other side whether it still lives. */
const KEEP_ALIVE_PROBE_MS = 30_000;
/** An idle connection is closed before the API server does it (after 90 s), so no request is sent into a closing one. */
const IDLE_CONNECTION_MS = 45_000;

interface Agents {
  readonly tls: TlsMaterial;
  readonly requests: HttpAgent;
  readonly streams: HttpAgent;
}

/** Makes the transport of one API server. */
export function createTransport(options: TransportOptions): Transport {
  const { connection, clock } = options;
  const credentials = new CredentialsCache(connection, CREDENTIALS_MAX_AGE_MS, () => clock.monotonic());
  const secure = connection.serverUrl.protocol === "https:";
  const basePath = connection.serverUrl.pathname.replace(/\/$/, "");
  let agents: Agents | undefined;

  function makeAgent(tls: TlsMaterial, maxSockets: number, keepAlive: boolean): HttpAgent {
    const idle = keepAlive ? { timeout: IDLE_CONNECTION_MS } : {};
    const settings = { ...tls, ...idle, keepAlive, keepAliveMsecs: KEEP_ALIVE_PROBE_MS, maxSockets };
    return secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  function agentsFor(tls: TlsMaterial): Agents {
    if (agents !== undefined && isDeepStrictEqual(agents.tls, tls)) return agents;
    // Rotated certificates: calls under way end on the old connections, new ones open their own. An agent without
    // keep-alive closes each connection with its last call, so the old streams' agent needs no end.
    if (agents !== undefined) retire(agents.requests);
    agents = {
      tls,
      requests: makeAgent(tls, options.maxConnections, true),
      streams: makeAgent(tls, Number.POSITIVE_INFINITY, false),
    };
    return agents;
  }

  async function start(call: HttpCall, use: "requests" | "streams"): Promise<RoundTrip> {
    const { headers, tls, proxyAgent } = await credentials.get().catch((cause: unknown) => {
      throw new KubeError({
        action: call.action,
        status: 0,
        reason: ConnectionFault.NotConnected,
        detail: `credentials cannot be read: ${messageOf(cause)}`,
        cause,
      });
    });
    const own: Record<string, string> = { accept: "application/json", "user-agent": options.userAgent };
    if (call.body !== undefined) own["content-length"] = String(Buffer.byteLength(call.body));
    const url = new URL(connection.serverUrl);
    const { hostname, port } = url;
    const request = (secure ? httpsRequest : httpRequest)({
      method: call.method,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      path: basePath + call.path,
      headers: { ...own, ...headers, ...call.headers },
      agent: proxyAgent ?? agentsFor(tls)[use],
    });
    return new RoundTrip(call, request, clock);
  }

  async function headOf(trip: RoundTrip): Promise<IncomingMessage> {
    const answer = await trip.head();
    const timeMs = Date.parse(answer.headers.date ?? "");
    if (!Number.isNaN(timeMs)) options.onServerTime?.(timeMs);
    return answer;
  }

  return {
    async send(call) {
      const trip = await start(call, "requests");
      try {
        const answer = await headOf(trip);
        const parts: Buffer[] = [];
        for await (const chunk of trip.chunks(answer)) parts.push(chunk);
        const body = Buffer.concat(parts).toString("utf8");
        return { status: answer.statusCode ?? 0, headers: answer.headers, body };
      } finally {
        trip.end();
      }
    },
    async open(call) {
      const trip = await start(call, "streams");
      try {
        const answer = await headOf(trip);
        // A refusal is a short answer with an end, which stays under the limit.
        if (answer.statusCode === 200) trip.endTimeLimit();
        return {
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          chunks: trip.chunks(answer),
          close: () => trip.abandon(),
        };
      } catch (thrown) {
        trip.end();
        throw thrown;
      }
    },
    invalidateCredentials: () => credentials.invalidate(),
    close() {
      agents?.requests.destroy();
      agents?.streams.destroy();
      agents = undefined;
    },
  };
}

/** Lets the calls of an agent end, and keeps none of its connections. */
function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
