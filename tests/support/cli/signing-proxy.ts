/**
 * A proxy that signs people in, as those for OIDC do: what comes with somebody's name goes on with his token, and whoever is unknown is led
 * elsewhere. Names come in a header, where real ones have a cookie.
 */
import { createServer, request } from "node:http";

export interface SigningProxy {
  readonly address: string;
  signIn(name: string, token: string): void;
  /** Ends his connections, too. */
  signOut(name: string): void;
  stop(): Promise<void>;
}

export const NAME_HEADER = "x-test-name";

/** @param port where it listens @param upstreamPort of the server behind it */
export async function startSigningProxy(port: number, upstreamPort: number): Promise<SigningProxy> {
  const tokens = new Map<string, string>();
  const ends = new Map<string, Set<() => void>>();
  const server = createServer((incoming, outgoing) => {
    const name = String(incoming.headers[NAME_HEADER] ?? "");
    const token = tokens.get(name);
    if (token === undefined) {
      outgoing.writeHead(302, { location: "/elsewhere" }).end();
      return;
    }
    const { [NAME_HEADER]: _, ...headers } = incoming.headers;
    const { method, url } = incoming;
    const call = request({
      host: "127.0.0.1",
      port: upstreamPort,
      method,
      path: url,
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    const end = () => void outgoing.destroy();
    const own = ends.get(name) ?? new Set();
    ends.set(name, own.add(end));
    call.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    call.on("error", end);
    outgoing.on("close", () => {
      own.delete(end);
      call.destroy();
    });
    incoming.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${port}/`,
    signIn: (name, token) => void tokens.set(name, token),
    signOut(name) {
      tokens.delete(name);
      for (const end of ends.get(name) ?? []) end();
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
