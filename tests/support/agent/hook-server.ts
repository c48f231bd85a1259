/** An HTTP server that takes hooks: it remembers what came, and answers as it is told. */
import { once } from "node:events";
import { createServer } from "node:http";

export interface ReceivedHook {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface HookServer {
  readonly port: number;
  readonly received: ReceivedHook[];
  /** Status of the answers to a path; 200 for others. */
  readonly answers: Map<string, number>;
  stop(): Promise<void>;
}

export async function startHookServer(): Promise<HookServer> {
  const received: ReceivedHook[] = [];
  const answers = new Map<string, number>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method = "", url: path = "" } = request;
    received.push({ method, path, contentType: request.headers["content-type"], body });
    response.writeHead(answers.get(path) ?? 200).end(`answer to ${path}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    received,
    answers,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
