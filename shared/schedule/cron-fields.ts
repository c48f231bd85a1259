/** Reads cron text as a Kubernetes CronJob does. The single values are read by cron-parser. */
import { CronExpressionParser } from "cron-parser";
import { UserError } from "../errors.ts";

export interface CronFields {
  /** Due minutes of a due hour, ascending, 0 to 59. */
  readonly minutes: readonly number[];
  /** Due hours of a due day, ascending, 0 to 23. */
  readonly hours: readonly number[];
  /** Bit n is day n; a set would be felt in a reconciler of many invokers. */
  readonly daysOfMonth: number;
  /** Bits 1 to 12. */
  readonly months: number;
  /** Bits 0 (Sunday) to 6. */
  readonly weekdays: number;
  /** Whether a day must match one of the two day fields, or both: both count only when one of them is a star. */
  readonly isAnyDayFieldEnough: boolean;
  /**
   * Minute and hour name times of day, with neither star nor step. Such a schedule is due once for each of its local
   * times, whatever the clocks do; any other is due whenever the local clock shows a matching time.
   */
  readonly isFixedTime: boolean;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const FIELD_NAMES = ["minute", "hour", "day-of-month", "month", "day-of-week"] as const;

/** A value, a range or a star, each perhaps with a step. cron-parser's extensions L, #, W and H fail: a CronJob refuses them. */
const ITEM = /^(?:[*?]|(?:[a-z]{3}|\d{1,2})(?:-(?:[a-z]{3}|\d{1,2}))?)(?:\/\d{1,4})?$/i;

/**
 * Reads five cron fields, or a nickname such as `@daily`.
 *
 * @throws UserError SCHEDULE_INVALID naming the field
 */
export function parseCronFields(text: string): CronFields {
  const written = text.trim();
  const expanded = written.startsWith("@") ? NICKNAMES[written.toLowerCase()] : written;
  if (expanded === undefined) {
    throw invalid(
      text,
      `${written} is no known nickname`,
      `Write one of ${Object.keys(NICKNAMES).join(", ")}, or @every with a duration.`,
    );
  }
  const fields = expanded.split(/\s+/);
  if (fields.length !== FIELD_NAMES.length) throw invalid(text, `it has ${fields.length} fields instead of 5`);
  for (const [index, field] of fields.entries()) {
    const wrong = field.split(",").find((item) => !ITEM.test(item));
    if (wrong !== undefined) throw invalidField(text, index, wrong);
  }
  const [minutes, hours, daysOfMonth, months, weekdays] = parseTogether(fields) ?? parseItems(text, fields);
  const [minute = "", hour = "", dayOfMonth = "", , dayOfWeek = ""] = fields;
  return {
    minutes,
    hours,
    daysOfMonth: bitsOf(daysOfMonth),
    months: bitsOf(months),
    weekdays: bitsOf(weekdays.map((day) => day % 7)),
    isAnyDayFieldEnough: !isStar(dayOfMonth) && !isStar(dayOfWeek),
    isFixedTime: !/[*?/]/.test(minute + hour),
  };
}

function bitsOf(values: Values): number {
  return values.reduce((bits, value) => bits | (1 << value), 0);
}

/** Whether a value is among those of `daysOfMonth`, `months` or `weekdays`. */
export function hasBit(bits: number, value: number): boolean {
  return ((bits >>> value) & 1) === 1;
}

type FieldValues = readonly [Values, Values, Values, Values, Values];
type Values = readonly number[];

function parseTogether(fields: readonly string[]): FieldValues | undefined {
  try {
    return readFields(fields);
  } catch {
    // Which item is wrong, if any, is found by reading them one by one.
    return undefined;
  }
}

/**
 * Reads each item of each list by itself: cron-parser refuses lists whose items overlap, which are harmless, and the 31st
 * of a short month, which is found later by walking the calendar.
 */
function parseItems(text: string, fields: readonly string[]): FieldValues {
  const valuesOf = (index: 0 | 1 | 2 | 3 | 4): Values => {
    const values = new Set<number>();
    for (const item of (fields[index] ?? "").split(",")) {
      const probe = ["*", "*", "*", "*", "*"].with(index, item);
      try {
        for (const value of readFields(probe)[index]) values.add(value);
      } catch (cause) {
        throw invalidField(text, index, item, cause);
      }
    }
    return [...values].sort((a, b) => a - b);
  };
  return [valuesOf(0), valuesOf(1), valuesOf(2), valuesOf(3), valuesOf(4)];
}

function readFields(fields: readonly string[]): FieldValues {
  // Without a date cron-parser reads the clock and asks for the machine's zone, which takes longer than all the rest.
  const options = { tz: "UTC", currentDate: 0 };
  const { minute, hour, dayOfMonth, month, dayOfWeek } = CronExpressionParser.parse(
    `0 ${fields.join(" ")}`,
    options,
  ).fields;
  return [
    minute.values,
    hour.values,
    dayOfMonth.values.filter((day) => typeof day === "number"),
    month.values,
    dayOfWeek.values.filter((day) => typeof day === "number"),
  ];
}

/** `*` and `?`, also as an item of a list, and with the step 1; any other step restricts the field. */
function isStar(field: string): boolean {
  return field.split(",").some((item) => /^[*?](?:\/0*1)?$/.test(item));
}

function invalidField(text: string, index: number, item: string, cause?: unknown): UserError {
  return invalid(text, `${FIELD_NAMES[index]} ${JSON.stringify(item)} can't be read`, undefined, cause);
}

function invalid(text: string, why: string, next?: string, cause?: unknown): UserError {
  return new UserError("SCHEDULE_INVALID", `schedule ${JSON.stringify(text)}: ${why}`, {
    ...(next !== undefined && { next }),
    cause,
  });
}
