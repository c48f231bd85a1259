/** Waits for an API server that is away for a while: what somebody waits for goes on in the cluster all the same. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Backoff, nextBackoffMs } from "../../shared/backoff.ts";
import { toUserError } from "../../shared/kube/client/error.ts";

/** One that is restarted takes less. */
export const SILENCE_MS = 120_000;
const BACKOFF: Backoff = { baseMs: 250, maxMs: 5_000 };

export interface Patience {
  /** By `performance.now()`; two minutes from the first failure by default. */
  readonly until?: number;
  /** Is told once of what went wrong. */
  readonly onWait?: (message: string) => void;
}

/**
 * Makes a call that changes nothing, or that may be made twice, again and again, until it is answered.
 *
 * @throws what it throws, when that is an answer or the time is over
 */
export async function patiently<T>(call: () => Promise<T>, { until, onWait }: Patience = {}): Promise<T> {
  let deadline = until;
  for (let failures = 0; ; failures++) {
    try {
      return await call();
    } catch (thrown) {
      const error = toUserError(thrown);
      deadline ??= performance.now() + SILENCE_MS;
      const waitMs = nextBackoffMs(BACKOFF, failures, Math.random());
      if (error.code !== "API_UNAVAILABLE" || performance.now() + waitMs > deadline) throw thrown;
      if (failures === 0) onWait?.(error.message);
      await sleep(waitMs);
    }
  }
}
