/** A TCP proxy on loopback that breaks connections in the ways that networks do. */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface TcpProxy {
  /** Where it listens: the address of the target with another host and port. */
  readonly url: URL;
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Resets every connection; new ones work. */
  cut(): void;
  /** Existing connections stay open and carry nothing more, as behind a gateway that forgot them; new ones work. */
  swallow(): void;
  /** Existing and new connections are reset until `restore`. */
  refuse(): void;
  restore(): void;
  stop(): Promise<void>;
}

/** @param targetUrl an address of the API server; its certificate is good for loopback too */
export async function startTcpProxy(targetUrl: string | URL): Promise<TcpProxy> {
  const upstream = new URL(targetUrl);
  const pairs = new Map<Socket, Socket>();
  let refusing = false;
  const server: Server = createServer((client) => {
    client.on("error", () => client.destroy());
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(Number(upstream.port), upstream.hostname);
    pairs.set(client, target);
    target.on("error", () => client.destroy());
    client.on("close", () => {
      target.destroy();
      pairs.delete(client);
    });
    target.on("close", () => client.destroy());
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = new URL(upstream);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  const cut = (): void => {
    for (const client of pairs.keys()) client.resetAndDestroy();
  };
  return {
    url,
    port,
    get connections() {
      return pairs.size;
    },
    cut,
    swallow() {
      for (const [client, target] of pairs) {
        client.unpipe(target);
        target.unpipe(client);
        client.resume();
        target.resume();
      }
    },
    refuse() {
      refusing = true;
      cut();
    },
    restore() {
      refusing = false;
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
