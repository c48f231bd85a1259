/** A command whose request was turned away, or reached nobody, is sent again: nothing of it ran. */
import { type Backoff, nextBackoffMs } from "../../shared/backoff.ts";
import { type Clock, sleep } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { isNotBegun } from "../../shared/kube/exec/pod.ts";

/** An API server that restarts is away for some seconds, a node for some more. */
const BACKOFF: Backoff = { baseMs: 250, maxMs: 5_000 };

/** The time was over before the command began. The message says why it did not. */
export class NotBegunError extends Error {}

export interface BeginPorts {
  readonly clock: Clock;
  /** The hook's time limit, and whatever else ends it. */
  readonly signal: AbortSignal;
  /** How long it is tried; undefined: until the signal ends it. */
  readonly withinMs?: number | undefined;
  onRetry(error: unknown): void;
}

/**
 * Sends until something takes it.
 *
 * @throws NotBegunError when the signal ends the waiting; whatever `send` throws once the command may have begun, or can't
 */
export async function untilBegun<T>(
  send: () => Promise<T>,
  { clock, signal, withinMs, onRetry }: BeginPorts,
): Promise<T> {
  const endMs = clock.monotonic() + (withinMs ?? Number.POSITIVE_INFINITY);
  for (let failures = 0; ; failures += 1) {
    try {
      return await send();
    } catch (error) {
      if (!isNotBegun(error)) throw error;
      if (clock.monotonic() >= endMs) {
        throw new NotBegunError(`the command never began: ${messageOf(error)}`, { cause: error });
      }
      onRetry(error);
      try {
        await sleep(clock, nextBackoffMs(BACKOFF, failures, Math.random()), signal);
      } catch {
        throw new NotBegunError(`the command never began: ${messageOf(error)}`, { cause: error });
      }
    }
  }
}
