/** What the process remembers of a workload whose pods the cluster refused with the sidecar in them. Pure. */
import { type Backoff, doubledMs } from "../../shared/backoff.ts";

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
const DELAY: Backoff = { baseMs: 10_000, maxMs: 3 * 60_000 };
const MAX_WORDS = 1_000;

/** The refusal after one more. */
export function afterRefusal(
  before: Refusal | undefined,
  { origin, words }: Pick<Refusal, "origin" | "words">,
  nowMs: number,
): Refusal {
  const times = before?.origin === origin ? before.times + 1 : 1;
  const delayMs = doubledMs(DELAY, times - 1);
  return { origin, words: words.slice(0, MAX_WORDS), times, notBeforeMs: nowMs + delayMs };
}
