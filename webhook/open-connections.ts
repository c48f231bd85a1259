/**
 * Connections of a server, so that it can end without waiting for its clients. API servers open connections ahead of need and
 * keep used ones for 90 s; node ends those that were used and are idle, and waits for all others.
 */
import type { Server } from "node:https";
import type { Socket } from "node:net";

export interface OpenConnections {
  /** Ends connections on which nothing is asked now, and each of the others after its answer. */
  end(): void;
}

/** An answer takes 2 s at most; what is open after this has no request that we know of, or a client that doesn't read. */
const LAST_ANSWERS_MS = 5_000;

/** Watches a server; call it before the server listens. */
export function watchConnections(server: Server): OpenConnections {
  /** Requests under way on each connection. */
  const requests = new Map<Socket, number>();
  /** What lies below those, and connections whose handshake has not ended. */
  const transports = new Set<Socket>();
  let isEnding = false;

  server.on("connection", (socket: Socket) => {
    transports.add(socket);
    socket.once("close", () => transports.delete(socket));
  });
  server.on("secureConnection", (socket: Socket) => {
    requests.set(socket, 0);
    socket.once("close", () => requests.delete(socket));
    if (isEnding) socket.destroy();
  });
  server.on("request", ({ socket }, response) => {
    requests.set(socket, (requests.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (requests.get(socket) ?? 1) - 1;
      if (requests.has(socket)) requests.set(socket, left);
      if (isEnding && left === 0) socket.end();
    });
  });

  return {
    end() {
      isEnding = true;
      for (const [socket, underWay] of requests) if (underWay === 0) socket.destroy();
      const timer = setTimeout(() => {
        for (const socket of transports) socket.destroy();
      }, LAST_ANSWERS_MS);
      server.once("close", () => clearTimeout(timer));
    },
  };
}
