/** One signal that says: the container is being stopped. */
import { createLineSplitter } from "../kube/lines.ts";

/** Aborts at SIGTERM or SIGINT. */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

export interface ParentShutdown {
  readonly signal: AbortSignal;
  /** The line that the other end begins with; empty when it ended before. */
  readonly firstLine: Promise<string>;
  /** Lets this process end by itself. */
  close(): void;
}

/** Aborts also when the process at the other end of stdin is gone. */
export function shutdownWithParent(): ParentShutdown {
  const controller = new AbortController();
  const { promise: firstLine, resolve } = Promise.withResolvers<string>();
  const lines = createLineSplitter(resolve);
  function end(): void {
    resolve("");
    controller.abort();
  }
  process.stdin.on("data", (chunk: Buffer) => lines.feed(chunk));
  process.stdin.once("end", end);
  process.stdin.once("error", end);
  return {
    firstLine,
    signal: AbortSignal.any([controller.signal, shutdownSignal()]),
    close: () => process.stdin.destroy(),
  };
}
