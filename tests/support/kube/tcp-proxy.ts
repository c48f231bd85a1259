/** A TCP proxy on loopback that breaks connections in the ways that networks do. */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface TcpProxy {
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

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket>();
  let refusing = false;
  const server: Server = createServer((client) => {
    client.on("error", () => client.destroy());
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(targetPort, "127.0.0.1");
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
  const cut = (): void => {
    for (const client of pairs.keys()) client.resetAndDestroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
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
