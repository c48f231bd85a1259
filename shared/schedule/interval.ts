/** The nickname `@every <duration>`: due again and again at a fixed distance, whatever calendar and clocks say. */
import { parseDuration } from "../duration.ts";
import { UserError } from "../errors.ts";
import type { Calendar } from "./calendar.ts";

const PREFIX = /^@every\s+/i;
/** As fine as cron fields get. */
const SHORTEST_MS = 60_000;

/**
 * Reads `@every 1h30m`.
 *
 * @param anchorMs the due times are whole multiples of the distance after this moment
 * @returns undefined when the text does not start with `@every`
 * @throws UserError SCHEDULE_INVALID when the duration can't be read or is shorter than a minute
 */
export function parseInterval(text: string, anchorMs: number): Calendar | undefined {
  if (!PREFIX.test(text)) return undefined;
  return createInterval(parseDistance(text), Math.floor(anchorMs / 1_000) * 1_000);
}

function parseDistance(text: string): number {
  const next = "Write a duration of at least one minute, such as @every 6h.";
  let distanceMs: number;
  try {
    distanceMs = Math.floor(parseDuration(text.replace(PREFIX, "").trim(), "schedule") / 1_000) * 1_000;
  } catch (cause) {
    throw new UserError("SCHEDULE_INVALID", `schedule ${JSON.stringify(text)}: the duration can't be read`, {
      next,
      cause,
    });
  }
  if (distanceMs < SHORTEST_MS) {
    throw new UserError("SCHEDULE_INVALID", `schedule ${JSON.stringify(text)}: it is too frequent`, { next });
  }
  return distanceMs;
}

function createInterval(distanceMs: number, anchorMs: number): Calendar {
  // The anchor itself is not due: the first time comes one distance after it.
  const lastIndex = (untilMs: number): number => Math.max(Math.floor((untilMs - anchorMs) / distanceMs), 0);
  return {
    next: (afterMs) => anchorMs + (lastIndex(afterMs) + 1) * distanceMs,
    newest(sinceMs, untilMs) {
      const index = lastIndex(untilMs);
      const atMs = anchorMs + index * distanceMs;
      return index > 0 && atMs > sinceMs ? atMs : undefined;
    },
    count: (sinceMs, untilMs) => Math.max(lastIndex(untilMs) - lastIndex(sinceMs), 0),
  };
}
