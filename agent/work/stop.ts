/** Why work on a session ends before its time. */
import type { UserError } from "../../shared/errors.ts";

export type StopReason =
  /** The container is being stopped; the next start goes on. */
  | { readonly kind: "shutdown" }
  /** The session failed in the meantime, or its deadline passed. */
  | { readonly kind: "failed"; readonly error: UserError }
  /** The object is gone, or the entry was given to another pod: nothing is to be told. */
  | { readonly kind: "lost" };

/** An abort signal with a reason that can be read. */
export interface Stopper {
  readonly signal: AbortSignal;
  /** The first call counts. */
  stop(reason: StopReason): void;
  reason(): StopReason | undefined;
}

export function createStopper(): Stopper {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  return {
    signal: controller.signal,
    stop(why) {
      reason ??= why;
      controller.abort();
    },
    reason: () => reason,
  };
}
