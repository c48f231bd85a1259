/** Times and sizes for people, in the browser's own formats. Pure. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Clocks of nodes are this far from each other without anybody minding. */
const MOST_DRIFT_MS = MINUTE_MS;

// Made once: to make one takes longer than to use it a hundred times.
const NUMBER = new Intl.NumberFormat();
const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

const NOT_KNOWN = "not known";

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return NOT_KNOWN;
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${(unit === 0 ? WHOLE : TENTHS).format(value)} ${UNITS[unit]}`;
}

export function formatNumber(value: number | undefined): string {
  return value === undefined ? NOT_KNOWN : NUMBER.format(value);
}

export function formatTime(time: string | undefined): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? NOT_KNOWN : TIME.format(at);
}

/** In another zone than the reader's. */
export function formatTimeIn(time: string, zone: string): string {
  try {
    const format = { dateStyle: "medium", timeStyle: "short", timeZone: zone } as const;
    return new Intl.DateTimeFormat(undefined, format).format(Date.parse(time));
  } catch {
    return time;
  }
}

/** `2026-05-01` as the reader writes days. */
export function formatDate(date: string): string {
  return DATE.format(Date.parse(`${date}T00:00:00Z`));
}

/** `45 s`, `12 min`, `3 h 10 min`, `5 days`. */
export function formatDuration(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 2 * MINUTE_MS) return `${Math.floor(age / 1_000)} s`;
  if (age < 2 * HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min`;
  if (age < 2 * DAY_MS) {
    const minutes = Math.floor((age % HOUR_MS) / MINUTE_MS);
    return `${Math.floor(age / HOUR_MS)} h${minutes === 0 ? "" : ` ${minutes} min`}`;
  }
  return `${NUMBER.format(Math.floor(age / DAY_MS))} days`;
}

/** When what is due is or was due: `in 3 h`, or `3 h ago`. @param nowMs by the cluster's clock */
export function formatDue(time: string | undefined, nowMs: number): string {
  const at = Date.parse(time ?? "");
  return at > nowMs ? `in ${formatDuration(at - nowMs)}` : formatAge(time, nowMs);
}

/** How long ago something was: `3 h ago`. What is yet to come was told by a clock that goes ahead. @param nowMs by the cluster's clock */
export function formatAge(time: string | undefined, nowMs: number): string {
  const at = Date.parse(time ?? "");
  if (Number.isNaN(at)) return NOT_KNOWN;
  if (at > nowMs + MOST_DRIFT_MS) return `by a clock that is ${formatDuration(at - nowMs)} ahead`;
  return `${formatDuration(nowMs - at)} ago`;
}

/** `1 file`, `2 files`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
