/** Days as the clock on somebody's wall has them. Pure. */

export interface LocalDay {
  /** `2026-05-01`. */
  readonly date: string;
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;

/** The zone when there is one of that name, else UTC. */
export function knownZone(zone: string | undefined): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone || "UTC" }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

/** The last days, the oldest first; the last is today. */
export function lastDays(count: number, zone: string, nowMs: number): readonly LocalDay[] {
  const wall = wallClock(zone);
  const today = Math.floor(wall(nowMs) / DAY_MS) * DAY_MS;
  const starts = Array.from({ length: count + 1 }, (_one, at) => {
    const midnight = today - (count - 1 - at) * DAY_MS;
    return { date: new Date(midnight).toISOString().slice(0, 10), startMs: instantOf(midnight, wall) };
  });
  return starts
    .slice(0, count)
    .map(({ date, startMs }, at) => ({ date, startMs, endMs: starts[at + 1]?.startMs ?? startMs }));
}

/** What the clock shows, as if it were UTC. */
function wallClock(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const at = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    return Date.UTC(at("year"), at("month") - 1, at("day"), at("hour"), at("minute"), at("second"));
  };
}

/** When the clock shows that. The second look is for days on which it is set. */
function instantOf(shown: number, wall: (atMs: number) => number): number {
  const first = shown - (wall(shown) - shown);
  return shown - (wall(first) - first);
}
