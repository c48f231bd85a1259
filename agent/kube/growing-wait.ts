/** Waits between tries: doubled each time up to a limit, less up to a fifth, so that agents don't come all at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Backoff, doubledMs } from "../../shared/backoff.ts";

export interface GrowingWait {
  /** Waits for the next delay; ends early when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void>;
  /** The next delay is the first one again. */
  reset(): void;
}

export function createGrowingWait(limits: Backoff, random: () => number = Math.random): GrowingWait {
  let tries = 0;
  return {
    async wait(signal) {
      const thisMs = doubledMs(limits, tries) * (1 - 0.2 * random());
      tries += 1;
      try {
        await sleep(thisMs, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        if (signal?.aborted !== true) throw error;
      }
    },
    reset() {
      tries = 0;
    },
  };
}
