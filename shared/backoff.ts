/** Waits that grow, for everything that tries again. Pure. */

/** How long to wait between tries. */
export interface Backoff {
  /** Wait before the first repeat, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * The wait before the next try: doubles from `baseMs` to `maxMs`, for one that waits alone.
 *
 * @param failures how many tries in a row failed before, 0 for the first repeat
 * @param factor by which it grows, 2 without it
 * @returns milliseconds
 */
export function doubledMs({ baseMs, maxMs }: Backoff, failures: number, factor = 2): number {
  // Thirty doublings of any base are past every cap; without the bound the power grows to Infinity, and Infinity * 0 is NaN.
  return Math.min(maxMs, baseMs * factor ** Math.min(failures, 30));
}

/**
 * The same for many that wait at once: a random part between half of it and all of it, so that they spread out but none comes
 * back much too early.
 *
 * @param failures how many tries in a row failed before, 0 for the first repeat
 * @param random number in [0, 1)
 * @returns milliseconds
 */
export function nextBackoffMs(backoff: Backoff, failures: number, random: number): number {
  return doubledMs(backoff, failures) * (0.5 + random / 2);
}
