/** Exponential back-off with jitter, for everything that tries again. */

/** How long to wait between tries. */
export interface Backoff {
  /** Wait before the first repeat, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Picks the wait before the next try: doubles from `baseMs` to `maxMs`, then takes a random part between half of it and
 * all of it, so that many waiters spread out but none comes back much too early.
 *
 * @param failures how many tries in a row failed before, 0 for the first repeat
 * @param random number in [0, 1)
 * @returns milliseconds
 */
export function nextBackoffMs(backoff: Backoff, failures: number, random: number): number {
  // 2^30 times any base is past every cap; without the bound the power grows to Infinity and Infinity * 0 is NaN.
  const fullMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(failures, 30));
  return fullMs * (0.5 + random / 2);
}
