/** The connection on which a command runs: opened within a time, ended by a signal, and watched for signs of life. */
import type { KubeConfig } from "@kubernetes/client-node";
import { WebSocket } from "ws";
import { EXEC_PROTOCOLS } from "../../shared/kube/exec/protocol.ts";

export interface ExecLimits {
  readonly openMs: number;
  readonly pingMs: number;
  /** How long the other side may say nothing at all. */
  readonly silenceMs: number;
}

/** A restic that reads a large index is silent for minutes, but the API server answers pings all the time. */
export const EXEC_LIMITS: ExecLimits = { openMs: 30_000, pingMs: 15_000, silenceMs: 60_000 };

/** False: nothing more is wanted. */
type OnData = (channel: number, data: Buffer) => boolean;

export interface ExecOpener {
  /** As the client library wants one. */
  connect(path: string, onText: unknown, onData: OnData | null): Promise<WebSocket>;
}

/** The library's own has no limit in time, and can't be ended while it waits. */
export function execOpener(config: KubeConfig, { openMs }: ExecLimits, signal: AbortSignal | undefined): ExecOpener {
  return {
    async connect(path, _onText, onData) {
      const server = (config.getCurrentCluster()?.server ?? "").replace(/^http/, "ws").replace(/\/$/, "");
      const options = {};
      await config.applyToHTTPSOptions(options);
      signal?.throwIfAborted();
      const socket = new WebSocket(`${server}${path}`, [...EXEC_PROTOCOLS], { ...options, handshakeTimeout: openMs });
      const end = () => socket.terminate();
      signal?.addEventListener("abort", end, { once: true });
      socket.once("close", () => signal?.removeEventListener("abort", end));
      // A fault after the way is open is followed by the close.
      socket.on("error", () => undefined);
      socket.on("message", (data, isBinary) => {
        const bytes = Buffer.isBuffer(data)
          ? data
          : data instanceof ArrayBuffer
            ? Buffer.from(data)
            : Buffer.concat(data);
        if (!isBinary || bytes.length === 0 || onData === null) return;
        if (!onData(bytes[0] ?? 0, bytes.subarray(1))) socket.close();
      });
      await new Promise<void>((resolve, reject) => {
        socket.once("open", () => resolve());
        socket.once("error", reject);
      });
      return socket;
    },
  };
}

export interface SilenceWatch {
  /** Resolves when the other side has said nothing for too long. */
  readonly silent: Promise<void>;
  stop(): void;
}

/** Asks again and again for a sign of life. Who does not read himself hears nothing, and blames nobody. */
export function watchSilence(socket: WebSocket, { pingMs, silenceMs }: ExecLimits): SilenceWatch {
  let heardMs = performance.now();
  const hear = () => {
    heardMs = performance.now();
  };
  for (const event of ["pong", "ping", "message"]) socket.on(event, hear);
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (socket.isPaused) hear();
      if (performance.now() - heardMs > silenceMs) resolve();
      else if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, pingMs);
  });
  return { silent, stop: () => clearInterval(timer) };
}
