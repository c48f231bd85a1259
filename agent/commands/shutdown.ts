/** One signal that says: the container is being stopped. */

/** Aborts at SIGTERM or SIGINT. */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

/** Aborts also when the process at the other end of stdin is gone. */
export function shutdownWithParent(): AbortSignal {
  const controller = new AbortController();
  process.stdin.once("end", () => controller.abort());
  process.stdin.once("error", () => controller.abort());
  process.stdin.resume();
  return AbortSignal.any([controller.signal, shutdownSignal()]);
}
