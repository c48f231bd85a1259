/** An invoker's schedule: when its backups are due. Pure; the webhook checks with it what the reconciler later follows. */
import { UserError } from "../errors.ts";
import { fnv1a64 } from "../hash.ts";
import { type Calendar, createCalendar } from "./calendar.ts";
import { parseCronFields } from "./cron-fields.ts";
import { parseInterval } from "./interval.ts";
import { zoneOffsets } from "./zone-offsets.ts";

const DEFAULT_TIME_ZONE = "UTC";

export interface ScheduleSpec {
  /** Five cron fields, a nickname or `@every <duration>`, perhaps after `CRON_TZ=<zone> ` or `TZ=<zone> `. */
  readonly schedule: string;
  readonly timeZone?: string | undefined;
  /** Due times move back by a part of this that is the same for one `seed` at all times; milliseconds. */
  readonly jitterMs?: number | undefined;
  /** Decides the part of the jitter; the invoker's uid. */
  readonly seed?: string | undefined;
  /** Where `@every` starts to count: when the invoker was created. */
  readonly anchorMs?: number | undefined;
}

/** Due times in milliseconds since the epoch, whole seconds, jitter included. */
export interface Schedule {
  readonly timeZone: string;
  /** The fields alone, without the zone's prefix. */
  readonly cronText: string;
  /** First due time after `afterMs`. */
  next(afterMs: number): number;
  /** Last due time in (sinceMs, untilMs], or undefined. */
  newest(sinceMs: number, untilMs: number): number | undefined;
  /** How many due times lie in (sinceMs, untilMs]. */
  count(sinceMs: number, untilMs: number): number;
}

const ZONE_PREFIX = /^(?:CRON_TZ|TZ)=(\S*)\s+/;
/** All sixty minutes, one by one, and much more. Texts come from annotations, too. */
const MAX_SCHEDULE_LENGTH = 256;
const NEVER_FIRES_PROBE_MS = Date.UTC(2024, 0, 1);

/**
 * Reads a schedule.
 *
 * @throws UserError SCHEDULE_INVALID when the text can't be read, never fires (31 February), or names an unknown zone or two zones
 */
export function parseSchedule(spec: ScheduleSpec): Schedule {
  const { cronText, timeZone } = splitZone(spec);
  const calendar = parseInterval(cronText, spec.anchorMs ?? 0) ?? cronCalendar(cronText, timeZone);
  return shiftedSchedule({ cronText, timeZone, calendar }, jitterOffsetMs(spec.jitterMs ?? 0, spec.seed ?? ""));
}

/** Calendars by zone and text: thousands of invokers say `0 3 * * *`. */
const calendars = new Map<string, Calendar>();
const MAX_CALENDARS = 1_000;

function cronCalendar(cronText: string, timeZone: string): Calendar {
  const key = `${timeZone} ${cronText}`;
  const known = calendars.get(key);
  if (known !== undefined) return known;
  const calendar = createCalendar(parseCronFields(cronText), zoneOffsets(timeZone));
  if (calendar.next(NEVER_FIRES_PROBE_MS) === undefined) {
    throw new UserError("SCHEDULE_INVALID", `schedule ${JSON.stringify(cronText)}: it never fires`, {
      next: "Choose a day of the month that one of the months has.",
    });
  }
  calendars.set(key, calendar);
  for (const oldest of calendars.keys()) {
    if (calendars.size <= MAX_CALENDARS) break;
    calendars.delete(oldest);
  }
  return calendar;
}

/** The next `count` due times after `afterMs`. */
export function nextRuns(schedule: Schedule, afterMs: number, count: number): readonly number[] {
  const runs: number[] = [];
  for (let at = afterMs; runs.length < count; ) {
    at = schedule.next(at);
    runs.push(at);
  }
  return runs;
}

/** Whole seconds in [0, jitterMs), the same for one seed at all times and spread evenly over all seeds; milliseconds. */
export function jitterOffsetMs(jitterMs: number, seed: string): number {
  const seconds = Math.floor(jitterMs / 1_000);
  return seconds <= 0 ? 0 : Number(fnv1a64(seed) % BigInt(seconds)) * 1_000;
}

function splitZone({ schedule, timeZone }: ScheduleSpec): { readonly cronText: string; readonly timeZone: string } {
  if (schedule.length > MAX_SCHEDULE_LENGTH) {
    throw new UserError("SCHEDULE_INVALID", `a schedule of ${schedule.length} characters is too long`, {
      next: `Write at most ${MAX_SCHEDULE_LENGTH}, with ranges and steps instead of long lists.`,
    });
  }
  const text = schedule.trim();
  const prefix = ZONE_PREFIX.exec(text);
  if (prefix === null) return { cronText: text, timeZone: timeZone || DEFAULT_TIME_ZONE };
  const written = prefix[1] ?? "";
  if (timeZone !== undefined && timeZone !== "" && timeZone !== written) {
    throw new UserError("SCHEDULE_INVALID", `schedule ${JSON.stringify(schedule)} and timeZone ${timeZone} differ`, {
      next: "Name the zone in spec.timeZone alone.",
    });
  }
  return { cronText: text.slice(prefix[0].length), timeZone: written };
}

function shiftedSchedule(
  read: { readonly cronText: string; readonly timeZone: string; readonly calendar: Calendar },
  shiftMs: number,
): Schedule {
  const { cronText, timeZone, calendar } = read;
  return {
    cronText,
    timeZone,
    next(afterMs) {
      const slotMs = calendar.next(afterMs - shiftMs);
      if (slotMs === undefined) {
        throw new UserError(
          "SCHEDULE_INVALID",
          `schedule ${JSON.stringify(cronText)} does not fire within eight years`,
        );
      }
      return slotMs + shiftMs;
    },
    newest(sinceMs, untilMs) {
      const slotMs = calendar.newest(sinceMs - shiftMs, untilMs - shiftMs);
      return slotMs === undefined ? undefined : slotMs + shiftMs;
    },
    count: (sinceMs, untilMs) => calendar.count(sinceMs - shiftMs, untilMs - shiftMs),
  };
}
