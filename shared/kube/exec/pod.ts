/** Runs a command in a container of a pod and waits for its end. */
import { WebSocket } from "ws";
import { type Clock, systemClock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { ConnectionFault, KubeError, kubeErrorOfAnswer } from "../client/error.ts";
import type { Connection } from "../connection/credentials.ts";
import { buildPath, buildQuery, formatResource } from "../resource.ts";
import { PODS } from "../resources.ts";
import { BoundedOutput } from "./bounded-output.ts";
import { EXEC_PROTOCOLS, ExecChannel, type ExecEnd, parseExecEnd } from "./protocol.ts";

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
 *   breaks before the end is known (AnswerLost before the way to the container was open, ConnectionLost after that: the
 *   command may have run, it is not run again); the signal's reason when it is aborted
 */
export type PodExec = (request: ExecRequest) => Promise<ExecResult>;

/** Reasons of a KubeError beside those of every call. */
const ExecFault = {
  /** The kubelet, or the API server in its place, says that nothing was run. */
  CommandNotRun: "CommandNotRun",
  /** The request was sent, and the connection broke before anybody took it. */
  AnswerLost: "AnswerLost",
} as const;

/** Answers of a server or a balancer that is busy, starting, ending, or does not reach the node. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Newer API servers take the request first and tell on the opened way that they don't reach the node. */
const NODE_NOT_REACHED =
  /error dialing backend|unable to upgrade connection|connection refused|connection reset|i\/o timeout|no route to host|TLS handshake timeout|\bEOF\b/i;
/**
 * A kubelet that has just started does not know its pods yet, and says so of each in these words. Of a pod that is really gone the API
 * server says it, in others.
 */
const NODE_KNOWS_NO_POD = /\bpod does not exist\b/;
const NOT_FOUND = 404;

/** Whether the command certainly never began, for a reason that may pass: the same request may be sent again. */
export function isNotBegun(thrown: unknown): boolean {
  if (!(thrown instanceof KubeError)) return false;
  const { reason, status, detail } = thrown;
  if (reason === ExecFault.CommandNotRun) return NODE_NOT_REACHED.test(detail) || NODE_KNOWS_NO_POD.test(detail);
  if (status === NOT_FOUND) return NODE_KNOWS_NO_POD.test(detail);
  if (reason === ExecFault.AnswerLost || reason === ConnectionFault.NotConnected) return true;
  return PASSING_STATUSES.has(status);
}

/** Whether nobody knows how the command ended: it had begun, and the connection broke. */
export function isEndUnknown(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.reason === ConnectionFault.ConnectionLost;
}

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
  /** Whether the API server may have got the request. */
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
  let isOpen = false;

  const ping = (): void => {
    socket.ping();
    cancelPing = clock.after(PING_MS, ping);
  };
  const onAbort = (): void => reject(request.signal?.reason);
  const cancelLimit = clock.after(request.timeoutMs, () => resolve({ kind: "timedOut" }));
  request.signal?.addEventListener("abort", onAbort, { once: true });

  socket.on("open", () => {
    isOpen = true;
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
    const unanswered = isSent() ? ExecFault.AnswerLost : ConnectionFault.NotConnected;
    const reason = isOpen ? ConnectionFault.ConnectionLost : unanswered;
    reject(new KubeError({ action, status: 0, reason, detail: messageOf(cause), cause }));
  });
  socket.on("close", (code) => {
    const detail = `the connection was closed (${code}) before the command's end was known`;
    const reason = isOpen ? ConnectionFault.ConnectionLost : ExecFault.AnswerLost;
    reject(new KubeError({ action, status: 0, reason, detail }));
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
  else reject(new KubeError({ action, status: 200, reason: ExecFault.CommandNotRun, detail: end.detail }));
}

function bytesOf(data: Buffer | ArrayBuffer | readonly Buffer[]): Buffer {
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return Buffer.isBuffer(data) ? data : Buffer.concat(data);
}
