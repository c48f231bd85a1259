/** What every HTTP listener of ours has in common: limits against clients that mean harm, and an answer whatever they send. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as NetServer, Socket } from "node:net";

/** For all requests of a client that never ends its head or body; the API server itself gives up after 3 s. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How often node looks for requests that are over their time: its own 30 s would make the limit one of 40 s. */
const CHECK_EVERY_MS = 1_000;

/** Options of node's `createServer`, of HTTP and of HTTPS, where alone they take effect. */
export const LISTENER_OPTIONS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: CHECK_EVERY_MS,
} as const;

/**
 * The path of a request line without its query. It is never parsed as a URL: `//` and `http://[` are none, and whoever
 * reaches the port may send them.
 */
export function pathOf({ url = "" }: Pick<IncomingMessage, "url">): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/**
 * Hands requests of a server to a handler. What the handler throws ends the request, never the process.
 *
 * @param onFault is told what was thrown
 */
export function serveRequests(
  server: Server,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  onFault: (error: unknown) => void,
): void {
  server.on("request", (request, response) => {
    try {
      handler(request, response);
    } catch (error) {
      onFault(error);
      if (response.headersSent) response.destroy();
      else
        response
          .writeHead(500, { "content-type": "text/plain", connection: "close" })
          .end("the request can't be answered\n");
    }
  });
}

/**
 * Keeps a server from holding more connections than it can. When there is one too many, the oldest of the address that holds
 * most is ended: whoever floods us ends his own, and nobody else is kept out. Call it before the server listens.
 */
export function limitConnections(server: NetServer, maxConnections: number): void {
  const byAddress = new Map<string, Set<Socket>>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const mine = byAddress.get(address) ?? new Set();
    byAddress.set(address, mine);
    mine.add(socket);
    count++;
    socket.once("close", () => {
      mine.delete(socket);
      count--;
      if (mine.size === 0 && byAddress.get(address) === mine) byAddress.delete(address);
    });
    if (count > maxConnections) oldestOfLargest(byAddress.values())?.destroy();
  });
}

function oldestOfLargest(groups: Iterable<ReadonlySet<Socket>>): Socket | undefined {
  let largest: ReadonlySet<Socket> = new Set();
  for (const group of groups) if (group.size > largest.size) largest = group;
  // Those that were ended already count until their end is known.
  for (const socket of largest) if (!socket.destroyed) return socket;
  return undefined;
}
