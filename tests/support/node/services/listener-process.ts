/**
 * Runs in the network namespace of the bridge: opens listening sockets there and hands them to the process node, which
 * lives outside. A socket stays in the namespace in which it was made.
 */
import net from "node:net";

export interface ListenRequest {
  readonly id: number;
  readonly address: string;
  readonly port: number;
}

export interface ListenAnswer {
  readonly id: number;
  readonly error?: string;
}

function isListenRequest(message: unknown): message is ListenRequest {
  return (
    typeof message === "object" && message !== null && "id" in message && "address" in message && "port" in message
  );
}

process.on("message", (message) => {
  if (!isListenRequest(message)) return;
  const { id, address, port } = message;
  const server = net.createServer();
  server.once("error", (error) => process.send?.({ id, error: error.message } satisfies ListenAnswer));
  server.listen({ host: address, port, backlog: 128 }, () => {
    process.send?.({ id } satisfies ListenAnswer, server, undefined, () => server.close());
  });
});
process.once("disconnect", () => process.exit(0));
