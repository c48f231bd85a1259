/**
 * Offsets of IANA time zones from UTC, read from the platform's own zone data. Pure: the same zone and time always give
 * the same answer; what was worked out for a year is kept, since a zone has only a few transitions in one.
 */
import { UserError } from "../errors.ts";

/** A moment at which a zone's clocks are put forward or back. */
export interface Transition {
  readonly atMs: number;
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
}

export interface ZoneOffsets {
  /** Local time minus UTC, in milliseconds. */
  offsetMs(atMs: number): number;
  /** Transitions within [fromMs, toMs], oldest first. */
  transitions(fromMs: number, toMs: number): readonly Transition[];
}

interface ZoneYear {
  readonly startOffsetMs: number;
  readonly transitions: readonly Transition[];
}

const SECOND_MS = 1_000;
/** Morocco changes its clocks twice within five weeks; no zone does so within one. */
const PROBE_STEP_MS = 7 * 24 * 3_600 * SECOND_MS;

/** By the platform's own names of zones: whoever writes one may spell it in thousands of ways. */
const zones = new Map<string, ZoneOffsets>();

/**
 * Finds a zone.
 *
 * @param name IANA name such as `Europe/Berlin`, or `UTC`
 * @throws UserError SCHEDULE_INVALID when there is no such zone
 */
export function zoneOffsets(name: string): ZoneOffsets {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = formatOf(name);
  const { timeZone } = format.resolvedOptions();
  const zone = zones.get(timeZone) ?? createZone((atMs) => parseOffset(format.format(atMs)));
  zones.set(timeZone, zone);
  return zone;
}

function formatOf(name: string): Intl.DateTimeFormat {
  // Offsets such as +02:00 are no zones, though the platform takes them for some.
  if (!/^[A-Za-z]/.test(name)) throw unknownZone(name);
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (cause) {
    throw unknownZone(name, cause);
  }
}

function unknownZone(name: string, cause?: unknown): UserError {
  return new UserError("SCHEDULE_INVALID", `time zone ${JSON.stringify(name)} is not known`, {
    next: "Write an IANA name such as Europe/Berlin, or UTC.",
    cause,
  });
}

/** Reads the end of `3/31/2024, GMT+02:00`; UTC itself is `GMT` alone. */
function parseOffset(text: string): number {
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (match === null) throw new UserError("INTERNAL", `time zone offset ${JSON.stringify(text)} can't be read`);
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  const offsetMs = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * SECOND_MS;
  return sign === "-" ? -offsetMs : offsetMs;
}

function createZone(readOffset: (atMs: number) => number): ZoneOffsets {
  const years = new Map<number, ZoneYear>();

  function yearAt(year: number): ZoneYear {
    const known = years.get(year);
    if (known !== undefined) return known;
    const fresh = readYear(readOffset, Date.UTC(year), Date.UTC(year + 1));
    years.set(year, fresh);
    return fresh;
  }

  return {
    offsetMs(atMs) {
      const { startOffsetMs, transitions } = yearAt(new Date(atMs).getUTCFullYear());
      return transitions.findLast((transition) => transition.atMs <= atMs)?.offsetAfterMs ?? startOffsetMs;
    },
    transitions(fromMs, toMs) {
      const found: Transition[] = [];
      for (let year = new Date(fromMs).getUTCFullYear(); year <= new Date(toMs).getUTCFullYear(); year += 1) {
        for (const transition of yearAt(year).transitions) {
          if (transition.atMs >= fromMs && transition.atMs <= toMs) found.push(transition);
        }
      }
      return found;
    },
  };
}

/** Transitions in (startMs - 1 s, endMs): one at the very start of the year belongs to this year. */
function readYear(readOffset: (atMs: number) => number, startMs: number, endMs: number): ZoneYear {
  const transitions: Transition[] = [];
  let lowMs = startMs - SECOND_MS;
  let offsetBeforeMs = readOffset(lowMs);
  while (lowMs < endMs - SECOND_MS) {
    const highMs = Math.min(lowMs + PROBE_STEP_MS, endMs - SECOND_MS);
    const offsetAfterMs = readOffset(highMs);
    if (offsetAfterMs !== offsetBeforeMs) {
      const atMs = findChange(readOffset, lowMs, highMs, offsetBeforeMs);
      transitions.push({ atMs, offsetBeforeMs, offsetAfterMs });
      offsetBeforeMs = offsetAfterMs;
    }
    lowMs = highMs;
  }
  return { startOffsetMs: readOffset(startMs), transitions };
}

/** First second in (lowMs, highMs] whose offset is no longer `offsetMs`. */
function findChange(readOffset: (atMs: number) => number, lowMs: number, highMs: number, offsetMs: number): number {
  let low = lowMs / SECOND_MS;
  let high = highMs / SECOND_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (readOffset(middle * SECOND_MS) === offsetMs) low = middle;
    else high = middle;
  }
  return high * SECOND_MS;
}
