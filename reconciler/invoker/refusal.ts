/** What the process remembers of a workload whose pods the cluster refused with the sidecar in them. Pure. */

export interface Refusal {
  /** What the refused pods were made from: something else is worth another try at once. */
  readonly origin: string;
  /** The cluster's own words. */
  readonly words: string;
  /** Refusals in a row. */
  readonly times: number;
  /** No dry run before this time, milliseconds of the steady clock. */
  readonly notBeforeMs: number;
}

/** A quota has room again as soon as another workload shrinks, and nobody tells. */
const FIRST_DELAY_MS = 10_000;
const LONGEST_DELAY_MS = 3 * 60_000;
const MAX_WORDS = 1_000;

/** The refusal after one more. */
export function afterRefusal(
  before: Refusal | undefined,
  { origin, words }: Pick<Refusal, "origin" | "words">,
  nowMs: number,
): Refusal {
  const times = before?.origin === origin ? before.times + 1 : 1;
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(times - 1, 10), LONGEST_DELAY_MS);
  return { origin, words: words.slice(0, MAX_WORDS), times, notBeforeMs: nowMs + delayMs };
}
