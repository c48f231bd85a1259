/** Runs a command in a container of a pod and waits for its end. */
import { WebSocket } from "ws";
import { messageOf } from "../errors.ts";
import { BoundedOutput } from "./bounded-output.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { EXEC_PROTOCOLS, ExecChannel, type ExecEnd, parseExecEnd } from "./exec-protocol.ts";
import { ConnectionFault, KubeError, kubeErrorOfAnswer } from "./kube-error.ts";
import { buildPath, buildQuery, formatResource, type Resource } from "./resource.ts";

const PODS: Resource = { group: "", version: "v1", plural: "pods", namespaced: true };

export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Program and arguments; no shell is involved. */
  readonly command: readonly string[];
  /** Time from the call to the command's end, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How the command ended. `timedOut`: the connection was closed when the time was over; the kubelet does not promise to
 * end the command with it.
 */
export interface ExecResult {
  readonly end: { readonly kind: "exited"; readonly exitCode: number } | { readonly kind: "timedOut" };
  /** Beginning and end, see BoundedOutput. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command without standard input.
 *
 * @throws KubeError when the API server refuses, the command cannot be started (reason CommandNotRun), or the connection
 *   breaks before the end is known (ConnectionLost: the command may have run, it is not run again); the signal's reason
 *   when it is aborted
 */
export type PodExec = (request: ExecRequest) => Promise<ExecResult>;

export interface PodExecOptions {
  readonly connection: Connection;
  readonly clock?: Clock;
  /** Bytes kept from the beginning and from the end of each output; 4 KiB and 12 KiB by default. */
  readonly headBytes?: number;
  readonly tailBytes?: number;
}

/** Proxies on the way close a connection that carries nothing, and a command may be silent for long. */
const PING_MS = 30_000;

export function createPodExec(options: PodExecOptions): PodExec {
  const clock = options.clock ?? systemClock;
  return async (request) => {
    const socket = await openSocket(options.connection, request);
    const outputs = {
      stdout: new BoundedOutput(options.headBytes ?? 4 * 1024, options.tailBytes ?? 12 * 1024),
      stderr: new BoundedOutput(options.headBytes ?? 4 * 1024, options.tailBytes ?? 12 * 1024),
    };
    const end = await waitForEnd(socket, request, clock, outputs);
    return { end, stdout: outputs.stdout.text(), stderr: outputs.stderr.text() };
  };
}

function actionOf({ namespace, pod, container }: ExecRequest): string {
  return `exec in container ${container} of ${formatResource(PODS, namespace, pod)}`;
}

interface OpenedSocket {
  readonly socket: WebSocket;
  /** Whether the API server may have got the request: from then on nobody knows whether the command runs. */
  readonly isSent: () => boolean;
}

async function openSocket(connection: Connection, request: ExecRequest): Promise<OpenedSocket> {
  request.signal?.throwIfAborted();
  const { headers, tls, proxyAgent } = await connection.credentials();
  const { namespace, pod, container, command } = request;
  const path = buildPath(PODS, namespace, pod, "exec") + buildQuery({ container, command, stdout: true, stderr: true });
  const server = connection.serverUrl.href.replace(/\/$/, "").replace(/^http/, "ws");
  let isSent = false;
  const socket = new WebSocket(server + path, [...EXEC_PROTOCOLS], {
    ...tls,
    headers: { ...headers },
    perMessageDeflate: false,
    ...(proxyAgent === undefined ? {} : { agent: proxyAgent }),
    finishRequest(httpRequest) {
      httpRequest.once("finish", () => {
        isSent = true;
      });
      httpRequest.end();
    },
  });
  return { socket, isSent: () => isSent };
}

function waitForEnd(
  { socket, isSent }: OpenedSocket,
  request: ExecRequest,
  clock: Clock,
  outputs: { readonly stdout: BoundedOutput; readonly stderr: BoundedOutput },
): Promise<ExecResult["end"]> {
  const action = actionOf(request);
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult["end"]>();
  let cancelPing: () => void = () => {};

  const ping = (): void => {
    socket.ping();
    cancelPing = clock.after(PING_MS, ping);
  };
  const onAbort = (): void => reject(request.signal?.reason);
  const cancelLimit = clock.after(request.timeoutMs, () => resolve({ kind: "timedOut" }));
  request.signal?.addEventListener("abort", onAbort, { once: true });

  socket.on("open", () => {
    cancelPing = clock.after(PING_MS, ping);
  });
  socket.on("message", (data) => {
    const message = bytesOf(data);
    const body = message.subarray(1);
    if (message[0] === ExecChannel.Stdout) outputs.stdout.push(body);
    else if (message[0] === ExecChannel.Stderr) outputs.stderr.push(body);
    else if (message[0] === ExecChannel.Status)
      settleWith(parseExecEnd(body.toString("utf8")), action, resolve, reject);
  });
  socket.on("unexpected-response", (_request, answer) => {
    const parts: Buffer[] = [];
    answer.on("data", (part: Buffer) => parts.push(part));
    answer.on("close", () => {
      const body = Buffer.concat(parts).toString("utf8");
      reject(kubeErrorOfAnswer(action, answer.statusCode ?? 0, body, answer.headers["retry-after"]));
    });
  });
  socket.on("error", (cause) => {
    const reason = isSent() ? ConnectionFault.ConnectionLost : ConnectionFault.NotConnected;
    reject(new KubeError({ action, status: 0, reason, detail: messageOf(cause), cause }));
  });
  socket.on("close", (code) => {
    const detail = `the connection was closed (${code}) before the command's end was known`;
    reject(new KubeError({ action, status: 0, reason: ConnectionFault.ConnectionLost, detail }));
  });

  return promise.finally(() => {
    cancelLimit();
    cancelPing();
    request.signal?.removeEventListener("abort", onAbort);
    socket.terminate();
  });
}

function settleWith(
  end: ExecEnd,
  action: string,
  resolve: (end: ExecResult["end"]) => void,
  reject: (error: unknown) => void,
): void {
  if (end.kind === "exited") resolve(end);
  else reject(new KubeError({ action, status: 200, reason: "CommandNotRun", detail: end.detail }));
}

function bytesOf(data: Buffer | ArrayBuffer | readonly Buffer[]): Buffer {
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return Buffer.isBuffer(data) ? data : Buffer.concat(data);
}
