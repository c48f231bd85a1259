/** Times as people type them. Pure. What may mean two moments is refused with both of them. */
import { UsageError } from "../program/usage-error.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)\s*/y;
const ZONED = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)$/i;
const UNZONED = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)$/;
const EXAMPLES = "write 2026-05-01T12:00:00Z, 2026-05-01T14:00:00+02:00 or '2 hours ago'";

/**
 * Reads `2 hours ago`, `90m ago`, or a time with its zone.
 *
 * @returns milliseconds since the epoch, not after `nowMs`
 * @throws UsageError with what to write instead
 */
export function parseMoment(text: string, nowMs: number): number {
  const trimmed = text.trim();
  const atMs = readAgo(trimmed, nowMs) ?? readZoned(trimmed);
  if (atMs === undefined) throw explain(trimmed);
  if (atMs > nowMs) throw new UsageError(`${text} is yet to come: nothing was saved by then`, EXAMPLES);
  return atMs;
}

function readAgo(text: string, nowMs: number): number | undefined {
  if (/^now$/i.test(text)) return nowMs;
  const body = /^(.*?)\s*\bago$/i.exec(text)?.[1]?.toLowerCase();
  if (body === undefined) return undefined;
  let totalMs = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(body); part !== null; part = PART.exec(body)) {
    const unit = UNIT_MS[part[2] ?? ""] ?? UNIT_MS[(part[2] ?? "").replace(/s$/, "")];
    // Calendars differ on how long these are.
    if (unit === undefined)
      throw new UsageError(
        `${JSON.stringify(part[2])} is no unit of time`,
        "use weeks, days, hours, minutes or seconds",
      );
    totalMs += Number(part[1]) * unit;
    end = PART.lastIndex;
  }
  return body !== "" && end === body.length ? nowMs - totalMs : undefined;
}

function readZoned(text: string): number | undefined {
  if (!ZONED.test(text)) return undefined;
  const normal = text.replace(/^(\S{10}) /, "$1T").replace(/\s+/g, "");
  const atMs = Date.parse(normal);
  return Number.isNaN(atMs) || !isRealDay(text) ? undefined : atMs;
}

/** 30 February is read as 2 March by programs, and as a mistake by people. */
function isRealDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

function explain(text: string): UsageError {
  const unzoned = UNZONED.exec(text);
  if (unzoned !== null) {
    const [, day, time = ""] = unzoned;
    const full = time.length === 5 ? `${time}:00` : time;
    const local = new Date(`${day}T${full}`);
    const both = Number.isNaN(local.getTime())
      ? `${day}T${full}Z`
      : `${day}T${full}Z (UTC) or ${day}T${full}${formatOffset(local)} (this machine's zone)`;
    return new UsageError(`${text} names no time zone`, `write ${both}`);
  }
  if (/^\d{4}-\d\d-\d\d$/.test(text))
    return new UsageError(`${text} is a whole day`, `name a time of it: ${text}T12:00:00Z`);
  if (/\d[/.]\d/.test(text)) return new UsageError(`${text} may be read in several ways`, EXAMPLES);
  return new UsageError(`${JSON.stringify(text)} is no time`, EXAMPLES);
}

function formatOffset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const pad = (value: number) => String(value).padStart(2, "0");
  const whole = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(whole / 60))}:${pad(whole % 60)}`;
}
