/** Waits between tries: doubled each time up to a limit, less up to a fifth, so that agents don't come all at once. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
  /** Waits for the next delay; ends early when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void>;
  /** The next delay is the first one again. */
  reset(): void;
}

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

export function createBackoff(limits: BackoffLimits, random: () => number = Math.random): Backoff {
  let delayMs = limits.firstMs;
  return {
    async wait(signal) {
      const thisMs = delayMs * (1 - 0.2 * random());
      delayMs = Math.min(limits.maxMs, delayMs * 2);
      try {
        await sleep(thisMs, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        if (signal?.aborted !== true) throw error;
      }
    },
    reset() {
      delayMs = limits.firstMs;
    },
  };
}
