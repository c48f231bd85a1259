/**
 * The port of the node that the API server calls for `logs` and `exec`. Only clients with a certificate of the
 * cluster's authority are heard: whoever may exec here is root on this machine.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { issueServer } from "../../control-plane/certificates.ts";
import type { LogQuery } from "../pod/container-log.ts";
import type { LiveContainer } from "../pod/container-supervisor.ts";
import { type ExecChannels, runExecSession } from "./exec-session.ts";
import { upgradeToSpdy } from "./spdy-channels.ts";
import { upgradeToWebSocket, type WantedStreams } from "./websocket-channels.ts";

export interface KubeletAuthority {
  readonly certPath: string;
  readonly keyPath: string;
}

/** What the server serves. */
export interface KubeletBackend {
  /** @throws NotFoundError */
  readLogs(
    container: ContainerName,
    query: LogQuery & { readonly previous: boolean; readonly follow: boolean },
    onText: (text: Buffer) => void,
    onEnd: () => void,
  ): () => void;
  /** @throws NotFoundError when the container does not run */
  findLive(container: ContainerName): LiveContainer;
}

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export class NotFoundError extends Error {}

export interface KubeletServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param address this machine's address in the pods' network, which the node publishes */
export async function startKubeletServer(
  address: string,
  nodeName: string,
  authority: KubeletAuthority,
  backend: KubeletBackend,
): Promise<KubeletServer> {
  const ca = { certPem: await readFile(authority.certPath, "utf8"), keyPem: await readFile(authority.keyPath, "utf8") };
  const subject = { user: `system:node:${nodeName}`, groups: ["system:nodes"] };
  const { certPem, keyPem } = await issueServer(ca, subject, [nodeName], [address]);
  const server = https.createServer({
    cert: certPem,
    key: keyPem,
    ca: ca.certPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on("request", (request, response) => serve(backend, request, response));
  server.on("upgrade", (request, socket, head) => upgrade(backend, request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the kubelet port has no number");
  return {
    port: bound.port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function serve(backend: KubeletBackend, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "https://node");
  if (url.pathname === "/healthz") {
    response.end("ok");
    return;
  }
  const target = parseTarget(url, "containerLogs");
  if (target === undefined) {
    response.writeHead(404).end("this node serves healthz, containerLogs and exec\n");
    return;
  }
  try {
    const query = parseLogQuery(url.searchParams);
    let sent = 0;
    const onText = (text: Buffer): void => {
      const room = query.limitBytes === undefined ? text.length : Math.max(0, query.limitBytes - sent);
      sent += text.length;
      response.write(text.subarray(0, room));
    };
    response.setHeader("content-type", "text/plain");
    const stop = backend.readLogs(target, query, onText, () => response.end());
    response.flushHeaders();
    response.on("close", stop);
  } catch (error) {
    response.writeHead(error instanceof NotFoundError ? 404 : 500).end(error instanceof Error ? error.message : "");
  }
}

function parseLogQuery(parameters: URLSearchParams): LogQuery & { previous: boolean; follow: boolean } {
  const isTrue = (name: string): boolean => parameters.get(name) === "true";
  const number = (name: string): number | undefined => {
    const text = parameters.get(name);
    return text === null ? undefined : Number(text);
  };
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = parameters.get("sinceTime") ?? undefined;
  const since = sinceSeconds === undefined ? sinceTime : Date.now() - sinceSeconds * 1_000;
  const tailLines = number("tailLines");
  const limitBytes = number("limitBytes");
  return {
    follow: isTrue("follow"),
    previous: isTrue("previous"),
    timestamps: isTrue("timestamps"),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  };
}

function upgrade(backend: KubeletBackend, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const url = new URL(request.url ?? "/", "https://node");
  const target = parseTarget(url, "exec");
  const isTrue = (name: string): boolean => ["1", "true"].includes(url.searchParams.get(name) ?? "");
  const wanted: WantedStreams = { stdin: isTrue("input"), stdout: isTrue("output"), stderr: isTrue("error") };
  const argv = url.searchParams.getAll("command");
  socket.on("error", () => socket.destroy());
  try {
    if (target === undefined) throw new NotFoundError("only exec can be upgraded to");
    const live = backend.findLive(target);
    const run = (channels: ExecChannels): void => void runExecSession(live, argv, channels);
    if (request.headers.upgrade?.toLowerCase() === "websocket") {
      upgradeToWebSocket(request, socket, head, wanted, run);
    } else upgradeToSpdy(request, socket, head, wanted, run);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const status = error instanceof NotFoundError ? "404 Not Found" : "500 Internal Server Error";
    const length = Buffer.byteLength(message);
    socket.end(`HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${message}`);
  }
}

/** `/KIND/NAMESPACE/POD/CONTAINER` */
function parseTarget(url: URL, kind: string): ContainerName | undefined {
  const [found, namespace, pod, container] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  if (found !== kind || !namespace || !pod || !container) return undefined;
  return { namespace, pod, container };
}
