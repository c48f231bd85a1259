/**
 * A store on loopback that answers each request as it is told. It speaks plain HTTP, and as a proxy it stands in the place of
 * any host: restic's own client libraries speak to it as they would to the real service.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureContext, TLSSocket } from "node:tls";
import { issueCa, issueServing } from "../../../certs/issue.ts";

const DAY_MS = 86_400_000;

export interface StoreRequest {
  readonly host: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

export interface StoreAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AnsweringStore {
  /** Address without TLS. */
  readonly url: string;
  /** Authority of the certificate that stands for every host. */
  readonly caPem: string;
  readonly requests: readonly StoreRequest[];
  stop(): Promise<void>;
}

/**
 * @param hosts that the store stands for behind its proxy
 * @param answerTo undefined ends the connection without a word
 */
export async function startAnsweringStore(
  hosts: readonly string[],
  answerTo: (request: StoreRequest) => StoreAnswer | undefined,
): Promise<AnsweringStore> {
  const validity = { nowMs: Date.now(), lifetimeMs: DAY_MS };
  const ca = await issueCa(validity);
  const pair = await issueServing(ca, ["localhost", ...hosts], validity);
  const secureContext = createSecureContext({ key: pair.keyPem, cert: pair.certPem });
  const requests: StoreRequest[] = [];

  function take(incoming: IncomingMessage, response: ServerResponse): void {
    incoming.resume();
    incoming.once("end", () => {
      const { method = "", url = "", headers } = incoming;
      const request = { host: headers.host ?? "", method, path: url };
      requests.push(request);
      const answer = answerTo(request);
      if (answer === undefined) {
        incoming.socket.destroy();
        return;
      }
      const body = method === "HEAD" ? "" : (answer.body ?? "");
      response.writeHead(answer.status, { "content-length": Buffer.byteLength(body), ...answer.headers });
      response.end(body);
    });
  }

  const server = createServer(take);
  server.on("connect", (_request, socket) => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const tls = new TLSSocket(socket, { isServer: true, secureContext });
    tls.on("error", () => tls.destroy());
    server.emit("connection", tls);
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    caPem: ca.certPem,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
