/**
 * When cron fields are due in a time zone. Walks the local calendar day by day; a day without a change of the clocks, which is
 * nearly every day, is plain arithmetic.
 *
 * The clocks: a fixed-time schedule (no star and no step in minute and hour) is due once for each of its local times. A time that the
 * clocks skip is due at the moment of the skip, a time that they show twice is due the first time. Any other schedule is
 * due whenever the local clock shows a matching time: not at all when it is skipped, twice when it is shown twice.
 */
import { type CronFields, hasBit } from "./cron-fields.ts";
import type { ZoneOffsets } from "./zone-offsets.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The earliest and the latest zone: a local day lies within its UTC day widened by these. */
const MOST_AHEAD_MS = 15 * HOUR_MS;
const MOST_BEHIND_MS = 13 * HOUR_MS;

/** 29 February comes after eight years at the latest, as around 2100. */
const HORIZON_DAYS = 8 * 366;

/** Days since 1970-01-01 of the local calendar. */
type LocalDay = number;

export interface Calendar {
  /** First due time after `afterMs`, or undefined when there is none within eight years. */
  next(afterMs: number): number | undefined;
  /** Last due time at or before `untilMs` and after `sinceMs`. */
  newest(sinceMs: number, untilMs: number): number | undefined;
  /** How many due times lie in (sinceMs, untilMs]. */
  count(sinceMs: number, untilMs: number): number;
}

/** Due times of one day, ascending, without all of them being written down where that can be avoided. */
interface DueDay {
  /** All of them, where the clocks change on that day or near it. */
  readonly listed: readonly number[] | undefined;
  firstAfter(afterMs: number): number | undefined;
  lastUntil(untilMs: number): number | undefined;
  countWithin(sinceMs: number, untilMs: number): number;
}

export function createCalendar(fields: CronFields, zone: ZoneOffsets): Calendar {
  const localDay = (atMs: number): LocalDay => Math.floor((atMs + zone.offsetMs(atMs)) / DAY_MS);

  function dueDay(day: LocalDay): DueDay {
    const startMs = day * DAY_MS;
    const transitions = zone.transitions(startMs - MOST_AHEAD_MS, startMs + DAY_MS + MOST_BEHIND_MS);
    if (transitions.length > 0) return listedDay(dueTimes(fields, zone, day));
    return plainDay(fields, startMs - zone.offsetMs(startMs));
  }

  /** The due days of a range, in the direction of `step`. */
  function* dueDays(fromDay: LocalDay, toDay: LocalDay, step: 1 | -1): Generator<{ day: LocalDay; due: DueDay }> {
    for (let day = fromDay; step * (toDay - day) >= 0; ) {
      const next = dueDayFrom(fields, day, step);
      if (next === day) {
        yield { day, due: dueDay(day) };
        day += step;
      } else {
        day = next;
      }
    }
  }

  /** The best of what the days give, taken from the first that gives any and its neighbour, whose times may overlap. */
  function bestOf(
    days: Iterable<{ readonly day: LocalDay; readonly due: DueDay }>,
    pick: (due: DueDay) => number | undefined,
    choose: (a: number, b: number) => number,
  ): number | undefined {
    let best: { readonly day: LocalDay; readonly atMs: number } | undefined;
    for (const { day, due } of days) {
      if (best !== undefined && Math.abs(day - best.day) > 1) break;
      const atMs = pick(due);
      if (atMs === undefined) continue;
      if (best !== undefined) return choose(best.atMs, atMs);
      if (due.listed === undefined) return atMs;
      best = { day, atMs };
    }
    return best?.atMs;
  }

  return {
    next(afterMs) {
      // The day before counts too: its last times may fall into this one when the clocks skip midnight.
      const fromDay = localDay(afterMs) - 1;
      return bestOf(dueDays(fromDay, fromDay + HORIZON_DAYS + 2, 1), (due) => due.firstAfter(afterMs), Math.min);
    },
    newest(sinceMs, untilMs) {
      const lastDay = localDay(untilMs) + 1;
      const firstDay = Math.max(localDay(sinceMs) - 1, lastDay - HORIZON_DAYS - 2);
      const best = bestOf(dueDays(lastDay, firstDay, -1), (due) => due.lastUntil(untilMs), Math.max);
      return best !== undefined && best > sinceMs ? best : undefined;
    },
    count(sinceMs, untilMs) {
      let total = 0;
      // What the clocks skip before midnight is due at midnight, and that may be a due time of the next day as well.
      const listed = new Set<number>();
      for (const { due } of dueDays(localDay(sinceMs) - 1, localDay(untilMs) + 1, 1)) {
        if (due.listed === undefined) total += due.countWithin(sinceMs, untilMs);
        else for (const time of due.listed) if (time > sinceMs && time <= untilMs) listed.add(time);
      }
      return total + listed.size;
    },
  };
}

/** The day itself when it is due, else the first (with `step` 1) or last (-1) day after it that may be. */
function dueDayFrom(fields: CronFields, day: LocalDay, step: 1 | -1): LocalDay {
  const date = new Date(day * DAY_MS);
  const month = date.getUTCMonth();
  if (!hasBit(fields.months, month + 1)) {
    // On to the next month, or back to the last day of the one before.
    return step === 1
      ? Date.UTC(date.getUTCFullYear(), month + 1) / DAY_MS
      : Date.UTC(date.getUTCFullYear(), month, 0) / DAY_MS;
  }
  const isDate = hasBit(fields.daysOfMonth, date.getUTCDate());
  const isWeekday = hasBit(fields.weekdays, date.getUTCDay());
  const isDue = fields.isAnyDayFieldEnough ? isDate || isWeekday : isDate && isWeekday;
  return isDue ? day : day + step;
}

/** A day that starts at `startMs` and during which the offset stays the same. */
function plainDay({ minutes, hours }: CronFields, startMs: number): DueDay {
  const firstMinute = minutes[0] ?? 0;
  const lastMinute = minutes.at(-1) ?? 0;
  const at = (hour: number, minute: number): number => startMs + hour * HOUR_MS + minute * MINUTE_MS;
  const firstAfter = (afterMs: number): number | undefined => {
    const hour = hours.find((candidate) => at(candidate, lastMinute) > afterMs);
    if (hour === undefined) return undefined;
    return at(hour, minutes.find((minute) => at(hour, minute) > afterMs) ?? lastMinute);
  };
  const lastUntil = (untilMs: number): number | undefined => {
    const hour = hours.findLast((candidate) => at(candidate, firstMinute) <= untilMs);
    if (hour === undefined) return undefined;
    return at(hour, minutes.findLast((minute) => at(hour, minute) <= untilMs) ?? firstMinute);
  };
  const countUntil = (untilMs: number): number => {
    const last = lastUntil(untilMs);
    if (last === undefined) return 0;
    const lastHour = Math.floor((last - startMs) / HOUR_MS);
    const lastOfHour = (last - startMs - lastHour * HOUR_MS) / MINUTE_MS;
    return hours.indexOf(lastHour) * minutes.length + minutes.indexOf(lastOfHour) + 1;
  };
  return {
    listed: undefined,
    firstAfter,
    lastUntil,
    countWithin: (sinceMs, untilMs) => Math.max(countUntil(untilMs) - countUntil(sinceMs), 0),
  };
}

function listedDay(times: readonly number[]): DueDay {
  return {
    listed: times,
    firstAfter: (afterMs) => times.find((time) => time > afterMs),
    lastUntil: (untilMs) => times.findLast((time) => time <= untilMs),
    countWithin: (sinceMs, untilMs) => times.filter((time) => time > sinceMs && time <= untilMs).length,
  };
}

/** All due times of a day on or near which the clocks change. */
function dueTimes(fields: CronFields, zone: ZoneOffsets, day: LocalDay): readonly number[] {
  const times = new Set<number>();
  for (const hour of fields.hours) {
    for (const minute of fields.minutes) {
      const localMs = day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
      for (const time of momentsOf(localMs, zone, fields.isFixedTime)) times.add(time);
    }
  }
  return [...times].sort((a, b) => a - b);
}

/** The moments at which the zone's clocks show a local time, given as if it were UTC. */
function momentsOf(localMs: number, zone: ZoneOffsets, isFixedTime: boolean): readonly number[] {
  const transitions = zone.transitions(localMs - MOST_AHEAD_MS, localMs + MOST_BEHIND_MS);
  const offsets = new Set([zone.offsetMs(localMs - MOST_AHEAD_MS), ...transitions.map((t) => t.offsetAfterMs)]);
  const moments = [...offsets]
    .map((offsetMs) => localMs - offsetMs)
    .filter((atMs) => atMs + zone.offsetMs(atMs) === localMs)
    .sort((a, b) => a - b);
  if (!isFixedTime) return moments;
  if (moments.length > 0) return moments.slice(0, 1);
  const skip = transitions.find((t) => localMs >= t.atMs + t.offsetBeforeMs && localMs < t.atMs + t.offsetAfterMs);
  return skip === undefined ? [] : [skip.atMs];
}
