/** How patient a reflector is. */
import type { Backoff } from "../../backoff.ts";

export interface ReflectorTimings {
  /** The API server ends each watch after a random time between these two, in milliseconds. */
  readonly watchMinMs: number;
  readonly watchMaxMs: number;
  /** A watch without any data for this long is cut and resumed. */
  readonly quietAfterMs: number;
  /** Without contact for this long, what is held counts as old. */
  readonly staleAfterMs: number;
  /** Without contact for this long, the process had better start anew. */
  readonly failAfterMs: number;
  /** Between turns that failed. */
  readonly backoff: Backoff;
}

export const DEFAULT_TIMINGS: ReflectorTimings = {
  watchMinMs: 5 * 60_000,
  watchMaxMs: 10 * 60_000,
  // API servers send a bookmark each minute to a watch that asks for them; 40 s more for a slow one.
  quietAfterMs: 100_000,
  // A silent watch is cut at 100 s, and then has the rest to find the API server again.
  staleAfterMs: 180_000,
  failAfterMs: 15 * 60_000,
  backoff: { baseMs: 200, maxMs: 30_000 },
};
