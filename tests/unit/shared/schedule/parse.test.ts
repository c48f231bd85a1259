import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import { jitterOffsetMs, nextRuns, parseSchedule, type ScheduleSpec } from "../../../../shared/schedule/parse.ts";
import { zoneOffsets } from "../../../../shared/schedule/zone-offsets.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function runs(schedule: string, timeZone: string, from: string, count: number): readonly string[] {
  return nextRuns(parseSchedule({ schedule, timeZone }), Date.parse(from), count).map(formatMs);
}

function formatMs(atMs: number): string {
  return new Date(atMs).toISOString().replace(":00.000Z", "Z");
}

function errorOf(spec: ScheduleSpec): UserError {
  try {
    parseSchedule(spec);
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error(`${spec.schedule} was read`);
}

test("S8: a zone is known once, however its name is spelled", () => {
  const spelled = ["America/Argentina/Ushuaia", "america/argentina/ushuaia", "AMERICA/Argentina/USHUAIA"].map(
    zoneOffsets,
  );
  expect(new Set(spelled).size).toBe(1);
});

describe("what a schedule may say", () => {
  test.each([
    ["@yearly", "2025-01-01T00:00Z"],
    ["@annually", "2025-01-01T00:00Z"],
    ["@monthly", "2024-05-01T00:00Z"],
    ["@weekly", "2024-05-05T00:00Z"],
    ["@daily", "2024-05-01T00:00Z"],
    ["@midnight", "2024-05-01T00:00Z"],
    ["@hourly", "2024-04-30T13:00Z"],
    ["@every 90m", "2024-04-30T13:30Z"],
    ["0 3 * * SUN", "2024-05-05T03:00Z"],
    ["0 3 * * 7", "2024-05-05T03:00Z"],
    ["0 3 ? jul-aug ?", "2024-07-01T03:00Z"],
    ["5/20 13 * * *", "2024-04-30T13:05Z"],
    ["0,0,*/30 14 * * *", "2024-04-30T14:00Z"],
    ["  0   3 * *   * ", "2024-05-01T03:00Z"],
    ["0 0 31 2 1", "2025-02-03T00:00Z"],
    ["0 0 */2 * 1", "2024-05-01T00:00Z"],
    ["0 0 29 2 *", "2028-02-29T00:00Z"],
  ])("%s is read as a CronJob reads it", (text, due) => {
    const anchorMs = Date.parse("2024-04-30T12:00Z");
    const schedule = parseSchedule({ schedule: text, anchorMs });
    expect(formatMs(schedule.next(anchorMs))).toBe(due);
  });

  test.each([
    ["", "fields"],
    ["* * * *", "4 fields"],
    ["0 * * * * *", "6 fields"],
    ["60 * * * *", 'minute "60"'],
    ["0 24 * * *", 'hour "24"'],
    ["0 0 0 * *", 'day-of-month "0"'],
    ["0 0 * 13 *", 'month "13"'],
    ["0 0 * * 8", 'day-of-week "8"'],
    ["0 0 * * funday", 'day-of-week "funday"'],
    ["0 0 L * *", 'day-of-month "L"'],
    ["0 0 * * 1#2", 'day-of-week "1#2"'],
    ["H 0 * * *", 'minute "H"'],
    ["5-1 * * * *", 'minute "5-1"'],
    ["*/0 * * * *", 'minute "*/0"'],
    ["1,,2 * * * *", 'minute ""'],
    ["@reboot", "@reboot"],
    ["@secondly", "@secondly"],
    ["@every soon", "duration"],
    ["@every 5s", "too frequent"],
    ["0 0 31 2 *", "never fires"],
    ["0 0 31 4,6,9,11 *", "never fires"],
    ["0 0 30 feb *", "never fires"],
  ])("L85: %j is refused, and the message says %s", (text, words) => {
    const error = errorOf({ schedule: text });
    expect(error.code).toBe("SCHEDULE_INVALID");
    expect(error.message).toContain(words);
    expect(error.retryable).toBe(false);
  });

  test("a zone comes from spec.timeZone or from a prefix, and is UTC without either", () => {
    const zoneOf = (spec: ScheduleSpec) => parseSchedule(spec).timeZone;
    expect(zoneOf({ schedule: "0 3 * * *" })).toBe("UTC");
    expect(zoneOf({ schedule: "0 3 * * *", timeZone: "Asia/Tokyo" })).toBe("Asia/Tokyo");
    expect(zoneOf({ schedule: "CRON_TZ=Asia/Tokyo 0 3 * * *" })).toBe("Asia/Tokyo");
    expect(zoneOf({ schedule: "TZ=Asia/Tokyo @daily" })).toBe("Asia/Tokyo");
    expect(zoneOf({ schedule: "TZ=Asia/Tokyo @daily", timeZone: "Asia/Tokyo" })).toBe("Asia/Tokyo");
  });

  test.each([
    [{ schedule: "0 3 * * *", timeZone: "Mars/Olympus" }, "Mars/Olympus"],
    [{ schedule: "0 3 * * *", timeZone: "+02:00" }, "+02:00"],
    [{ schedule: "CRON_TZ= 0 3 * * *" }, "zone"],
    [{ schedule: "CRON_TZ=Asia/Tokyo 0 3 * * *", timeZone: "UTC" }, "differ"],
  ])("the zone of %j is refused", (spec, words) => {
    expect(errorOf(spec).message).toContain(words);
  });
});

describe("when the clocks change", () => {
  test("a fixed time that the clocks skip is due at the skip", () => {
    expect(runs("30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", 2)).toEqual([
      "2024-03-31T01:00Z",
      "2024-04-01T00:30Z",
    ]);
    expect(runs("15 0 * * *", "Asia/Beirut", "2024-03-30T12:00Z", 2)).toEqual([
      "2024-03-30T22:00Z",
      "2024-03-31T21:15Z",
    ]);
    expect(runs("15 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00Z", 1)).toEqual(["2024-10-05T15:30Z"]);
  });

  test("a skipped time before midnight is due at that midnight, not lost", () => {
    expect(runs("30 23 * * *", "America/Nuuk", "2024-03-30T12:00Z", 2)).toEqual([
      "2024-03-31T01:00Z",
      "2024-04-01T00:30Z",
    ]);
  });

  test("a skipped time that is due at a midnight that is due itself is one, whoever counts", () => {
    const schedule = parseSchedule({ schedule: "0 0,1,23 * * *", timeZone: "America/Nuuk" });
    const [fromMs, untilMs] = [Date.parse("2024-03-30T12:00Z"), Date.parse("2024-03-31T12:00Z")];
    expect(nextRuns(schedule, fromMs, 3).map(formatMs)).toEqual([
      "2024-03-31T01:00Z",
      "2024-03-31T02:00Z",
      "2024-04-01T00:00Z",
    ]);
    expect(schedule.count(fromMs, untilMs)).toBe(2);
  });

  test("several skipped times of one day are due once", () => {
    expect(runs("0,30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", 2)).toEqual([
      "2024-03-31T01:00Z",
      "2024-04-01T00:00Z",
    ]);
  });

  test("a fixed time that the clocks show twice is due the first time only", () => {
    expect(runs("30 2 * * *", "Europe/Berlin", "2024-10-26T12:00Z", 2)).toEqual([
      "2024-10-27T00:30Z",
      "2024-10-28T01:30Z",
    ]);
  });

  test("a schedule with a star or a step follows what the clock shows", () => {
    expect(runs("30 * * * *", "Europe/Berlin", "2024-10-26T23:45Z", 3)).toEqual([
      "2024-10-27T00:30Z",
      "2024-10-27T01:30Z",
      "2024-10-27T02:30Z",
    ]);
    expect(runs("0 */2 * * *", "Europe/Berlin", "2024-10-26T21:45Z", 4)).toEqual([
      "2024-10-26T22:00Z",
      "2024-10-27T00:00Z",
      "2024-10-27T01:00Z",
      "2024-10-27T03:00Z",
    ]);
    expect(runs("*/30 2 * * *", "Europe/Berlin", "2024-03-30T12:00Z", 1)).toEqual(["2024-04-01T00:00Z"]);
  });
});

const cronText = fc
  .tuple(
    fc.constantFrom("0", "30", "*/20", "5,50", "0-10/5", "59"),
    fc.constantFrom("*", "2", "0,1,23", "*/6", "1-3"),
    fc.constantFrom("*", "1", "31", "*/10"),
    fc.constantFrom("*", "3", "10,11"),
    fc.constantFrom("*", "0", "1-5"),
  )
  .map((fields) => fields.join(" "));
const timeZone = fc.constantFrom(
  "UTC",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/Nuuk",
  "Asia/Beirut",
  "Africa/Casablanca",
  "America/Havana",
  "Antarctica/Troll",
  "Pacific/Apia",
);
const moment = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2037, 0, 1) });

describe("looking back agrees with looking ahead", () => {
  test("newest and count see exactly the times that next walks through", () => {
    fc.assert(
      fc.property(
        cronText,
        timeZone,
        moment,
        fc.integer({ min: 0, max: 40 * DAY_MS }),
        (text, zone, sinceMs, lengthMs) => {
          const schedule = parseSchedule({ schedule: text, timeZone: zone });
          const untilMs = sinceMs + lengthMs;
          const walked: number[] = [];
          for (let at = schedule.next(sinceMs); at <= untilMs; at = schedule.next(at)) walked.push(at);
          expect(schedule.newest(sinceMs, untilMs)).toBe(walked.at(-1));
          expect(schedule.count(sinceMs, untilMs)).toBe(walked.length);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test("a schedule with a star is due at exactly the minutes that the local clock matches", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("*/20 * * * *", "5 */3 * * *", "* 2 * * 0"),
        timeZone,
        moment,
        (text, zone, fromMs) => {
          const [minute = "", hour = "", , , weekday = ""] = text.split(" ");
          const format = new Intl.DateTimeFormat("en-US", {
            timeZone: zone,
            minute: "numeric",
            hour: "numeric",
            hourCycle: "h23",
            weekday: "short",
          });
          const matches = (field: string, value: number) =>
            field === "*" || (field.startsWith("*/") ? value % Number(field.slice(2)) === 0 : value === Number(field));
          const wanted: number[] = [];
          const startMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
          for (let atMs = startMs + MINUTE_MS; atMs <= startMs + DAY_MS; atMs += MINUTE_MS) {
            const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
            const day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(parts["weekday"] ?? "");
            if (
              matches(minute, Number(parts["minute"])) &&
              matches(hour, Number(parts["hour"])) &&
              matches(weekday, day)
            ) {
              wanted.push(atMs);
            }
          }
          const schedule = parseSchedule({ schedule: text, timeZone: zone });
          const found: number[] = [];
          for (let at = schedule.next(startMs); at <= startMs + DAY_MS; at = schedule.next(at)) found.push(at);
          expect(found).toEqual(wanted);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("@every counts from its anchor", () => {
    const anchorMs = Date.parse("2024-05-01T10:00:30Z");
    const schedule = parseSchedule({ schedule: "@every 1h", anchorMs });
    expect(schedule.newest(0, anchorMs)).toBeUndefined();
    expect(schedule.next(0)).toBe(anchorMs + 3_600_000);
    expect(schedule.newest(anchorMs, anchorMs + 7_300_000)).toBe(anchorMs + 7_200_000);
    expect(schedule.count(anchorMs, anchorMs + 7_300_000)).toBe(2);
  });
});

describe("jitter", () => {
  test("the offset is stable, whole seconds, and within [0, jitter)", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 0, max: DAY_MS }), (uid, jitterMs) => {
        const offsetMs = jitterOffsetMs(jitterMs, uid);
        expect(offsetMs).toBe(jitterOffsetMs(jitterMs, uid));
        expect(offsetMs % 1_000).toBe(0);
        expect(offsetMs).toBeGreaterThanOrEqual(0);
        expect(offsetMs < jitterMs || offsetMs === 0).toBe(true);
      }),
    );
  });

  test("invokers spread over the whole of it", () => {
    const buckets = new Set<number>();
    for (let index = 0; index < 600; index += 1) {
      buckets.add(Math.floor(jitterOffsetMs(10 * MINUTE_MS, `8c5a1c1e-0000-4000-8000-${index}`) / MINUTE_MS));
    }
    expect(buckets.size).toBe(10);
  });

  test("it moves every due time by the same distance", () => {
    const plain = parseSchedule({ schedule: "0 3 * * *" });
    const shifted = parseSchedule({ schedule: "0 3 * * *", jitterMs: 30 * MINUTE_MS, seed: "some-uid" });
    const offsetMs = jitterOffsetMs(30 * MINUTE_MS, "some-uid");
    expect(offsetMs).toBeGreaterThan(0);
    const fromMs = Date.UTC(2024, 4, 1);
    expect(nextRuns(shifted, fromMs, 3)).toEqual(nextRuns(plain, fromMs, 3).map((at) => at + offsetMs));
    expect(shifted.newest(fromMs, fromMs + 2 * DAY_MS)).toBe(
      (plain.newest(fromMs, fromMs + 2 * DAY_MS) ?? 0) + offsetMs,
    );
  });
});
