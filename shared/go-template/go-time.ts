/** Writes a time by one of Go's layouts, which show how the second of January 2006, 15:04:05, would be written. */
import { templateFault } from "./lex.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const LAYOUT =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|Z0700|-0700|-07|01|02|03|04|05|06|002|15|PM|pm|_2|[.,]0+|[.,]9+|1|2|3|4|5/g;

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
  readonly offsetMinutes: number;
  readonly zone: string;
}

/** Wall clock of a zone. @throws UserError INVALID_OBJECT for a zone that does not exist */
function partsOf(time: Date, zone: string): Parts {
  let format: Intl.DateTimeFormat;
  const name = zone === "" || zone === "Local" ? "UTC" : zone;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      timeZoneName: "short",
    });
  } catch {
    throw templateFault(`unknown time zone ${JSON.stringify(zone)}`);
  }
  const fields = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(fields.get(type));
  const [year, month, day] = [number("year"), number("month"), number("day")];
  const [hour, minute, second] = [number("hour"), number("minute"), number("second")];
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    weekday: new Date(wallMs).getUTCDay(),
    ms: time.getUTCMilliseconds(),
    offsetMinutes: Math.round((wallMs - Math.floor(time.getTime() / 1_000) * 1_000) / 60_000),
    zone: name === "UTC" ? "UTC" : (fields.get("timeZoneName") ?? name),
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function offset(minutes: number, layout: string): string {
  if (layout.startsWith("Z") && minutes === 0) return "Z";
  const sign = minutes < 0 ? "-" : "+";
  const hours = two(Math.floor(Math.abs(minutes) / 60));
  if (layout === "-07") return sign + hours;
  return `${sign}${hours}${layout.includes(":") ? ":" : ""}${two(Math.abs(minutes) % 60)}`;
}

function formatPart(layout: string, parts: Parts, time: Date): string {
  const hour12 = parts.hour % 12 === 0 ? 12 : parts.hour % 12;
  const month = MONTHS[parts.month - 1] ?? "";
  const day = DAYS[parts.weekday] ?? "";
  const simple: Readonly<Record<string, () => string>> = {
    January: () => month,
    Jan: () => month.slice(0, 3),
    Monday: () => day,
    Mon: () => day.slice(0, 3),
    MST: () => parts.zone,
    "2006": () => String(parts.year).padStart(4, "0"),
    "06": () => two(parts.year % 100),
    "01": () => two(parts.month),
    "1": () => String(parts.month),
    "02": () => two(parts.day),
    _2: () => String(parts.day).padStart(2),
    "2": () => String(parts.day),
    "002": () =>
      String(Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, "0"),
    "15": () => two(parts.hour),
    "03": () => two(hour12),
    "3": () => String(hour12),
    "04": () => two(parts.minute),
    "4": () => String(parts.minute),
    "05": () => two(parts.second),
    "5": () => String(parts.second),
    PM: () => (parts.hour < 12 ? "AM" : "PM"),
    pm: () => (parts.hour < 12 ? "am" : "pm"),
  };
  const known = simple[layout];
  if (known !== undefined) return known();
  if (/^[.,]/.test(layout)) {
    const digits = String(parts.ms)
      .padStart(3, "0")
      .padEnd(layout.length - 1, "0")
      .slice(0, layout.length - 1);
    const shown = layout[1] === "9" ? digits.replace(/0+$/, "") : digits;
    return shown === "" ? "" : `${layout[0]}${shown}`;
  }
  return offset(parts.offsetMinutes, layout);
}

/**
 * @param layout such as `2006-01-02 15:04:05`
 * @param zone IANA name; UTC when empty
 */
export function formatGoTime(time: Date, layout: string, zone: string): string {
  const parts = partsOf(time, zone);
  return layout.replace(LAYOUT, (part) => formatPart(part, parts, time));
}
