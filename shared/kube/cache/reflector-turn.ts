/** What a reflector does after a watch ended, whatever ended it. */
import { assertNever } from "../../errors.ts";
import { KubeError } from "../client/error.ts";

/** How one turn (a list if needed, then a watch) ended. */
export type TurnOutcome =
  /** The API server ended the watch, as it was asked to. */
  | { readonly kind: "ended"; readonly events: number; readonly lastedMs: number }
  /** No data for too long. */
  | { readonly kind: "quiet" }
  /** The API server is behind what it had sent before. */
  | { readonly kind: "wentBack" }
  | { readonly kind: "failed"; readonly events: number; readonly error: unknown };

export interface NextTurn {
  /** Whether a new list is needed before the next watch. */
  readonly relist: boolean;
  /** Failed turns in a row; the next turn waits when it is not 0. */
  readonly failures: number;
}

/** A watch that ends sooner, and without an event, would be opened again in a tight loop. */
const SHORTEST_USEFUL_WATCH_MS = 1_000;
/** A server that refuses to go on from a version this often in a row is asked for a list instead. */
const REFUSALS_BEFORE_RELIST = 3;

/**
 * Decides how the next turn begins.
 *
 * | outcome                                  | relist                       | waits |
 * |------------------------------------------|------------------------------|-------|
 * | ended, with events or after a second     | no                           | no    |
 * | ended at once and empty                  | no                           | yes   |
 * | fell silent                              | no                           | no    |
 * | went back                                | yes                          | yes   |
 * | refusal of the request (410, other 4xx)  | yes, unless 401, 403 or 429  | yes   |
 * | other answer of the server               | from the third in a row on   | yes   |
 * | connection fault                         | no                           | yes   |
 *
 * @param earlierFailures failed turns in a row before this one
 */
export function decideNextTurn(outcome: TurnOutcome, earlierFailures: number): NextTurn {
  switch (outcome.kind) {
    case "ended": {
      const useful = outcome.events > 0 || outcome.lastedMs >= SHORTEST_USEFUL_WATCH_MS;
      return { relist: false, failures: useful ? 0 : earlierFailures + 1 };
    }
    case "quiet":
      return { relist: false, failures: 0 };
    case "wentBack":
      return { relist: true, failures: earlierFailures + 1 };
    case "failed": {
      // Events came through before: this fault is the first of a new row.
      const failures = (outcome.events > 0 ? 0 : earlierFailures) + 1;
      return { relist: needsRelist(outcome.error, failures), failures };
    }
    default:
      return assertNever(outcome);
  }
}

const KEEPS_VERSION: ReadonlySet<number> = new Set([401, 403, 429]);

function needsRelist(error: unknown, failures: number): boolean {
  // Not the API's doing: whatever failed, a fresh list is the sure way back.
  if (!(error instanceof KubeError)) return true;
  if (error.status === 0 || KEEPS_VERSION.has(error.status)) return false;
  if (error.status >= 400 && error.status < 500) return true;
  return failures >= REFUSALS_BEFORE_RELIST;
}
