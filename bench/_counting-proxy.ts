/** A TCP proxy on loopback that counts connections: the agent opens one for each request. */
import { connect, createServer } from "node:net";

export interface CountingProxy {
  readonly port: number;
  /** Connections so far. */
  count(): number;
  stop(): void;
}

export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let count = 0;
  const server = createServer((client) => {
    count++;
    const target = connect(targetPort, "127.0.0.1");
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    count: () => count,
    stop: () => server.close(),
  };
}
