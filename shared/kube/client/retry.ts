/** Which failed calls are tried again, and when. */
import { type Backoff, nextBackoffMs } from "../../backoff.ts";
import { ConnectionFault, type KubeError } from "./error.ts";

/**
 * What a repetition of a request can do.
 *
 * - `read`: it changes nothing.
 * - `repeatable`: a second run has the effect of one: it names a resource version, tests what it changes, or creates
 *   under a fixed name (the repetition then answers Conflict or AlreadyExists, never a double).
 * - `once`: it must not run twice.
 */
export type Repeatability = "read" | "repeatable" | "once";

export interface FailedAttempt {
  readonly repeatability: Repeatability;
  readonly error: KubeError;
  /** Attempts that failed before this one. */
  readonly earlierFailures: number;
  /** Most repetitions of one call. */
  readonly maxRetries: number;
  /** In [0, 1). */
  readonly random: number;
}

const BACKOFF: Backoff = { baseMs: 200, maxMs: 5_000 };
/** A server that asks for more is answered with the error: the caller's own queue waits better than a held call. */
const LONGEST_WAIT_MS = 30_000;

const WRITE_STATUSES: ReadonlySet<number> = new Set([502, 503]);
const READ_STATUSES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/**
 * Decides whether a failed call is tried again.
 *
 * | failure                              | read | repeatable | once |
 * |--------------------------------------|------|------------|------|
 * | 429 (turned away before it ran)      | yes  | yes        | yes  |
 * | no connection made                   | yes  | yes        | yes  |
 * | 502, 503, connection lost            | yes  | yes        | no   |
 * | 500, 504, timed out                  | yes  | no         | no   |
 * | all others                           | no   | no         | no   |
 *
 * @returns how long to wait first, in milliseconds; undefined when the error is final
 */
export function decideRetry(failed: FailedAttempt): number | undefined {
  if (failed.earlierFailures >= failed.maxRetries || !isWorthARetry(failed.repeatability, failed.error))
    return undefined;
  const backoffMs = nextBackoffMs(BACKOFF, failed.earlierFailures, failed.random);
  const waitMs = Math.max(failed.error.retryAfterMs ?? 0, backoffMs);
  return waitMs > LONGEST_WAIT_MS ? undefined : waitMs;
}

function isWorthARetry(repeatability: Repeatability, error: KubeError): boolean {
  if (error.status === 429 || error.reason === ConnectionFault.NotConnected) return true;
  if (repeatability === "once") return false;
  if (WRITE_STATUSES.has(error.status) || error.reason === ConnectionFault.ConnectionLost) return true;
  if (repeatability === "repeatable") return false;
  return READ_STATUSES.has(error.status) || error.reason === ConnectionFault.TimedOut;
}
