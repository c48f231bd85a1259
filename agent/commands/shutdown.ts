/** One signal that says: the container is being stopped. */

/** Aborts at SIGTERM or SIGINT. */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

export interface ParentShutdown {
  readonly signal: AbortSignal;
  /** Lets this process end by itself. */
  close(): void;
}

/** Aborts also when the process at the other end of stdin is gone. */
export function shutdownWithParent(): ParentShutdown {
  const controller = new AbortController();
  process.stdin.once("end", () => controller.abort());
  process.stdin.once("error", () => controller.abort());
  process.stdin.resume();
  return {
    signal: AbortSignal.any([controller.signal, shutdownSignal()]),
    close: () => process.stdin.destroy(),
  };
}
