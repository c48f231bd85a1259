import { Cron } from "croner";
import { describe, expect, test } from "vitest";
import { nextRuns, parseSchedule } from "../../../../shared/schedule/parse.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FROM_MS = Date.UTC(2024, 0, 1);
const TO_MS = Date.UTC(2038, 0, 1);

const FIXED = [
  "30 2 * * *",
  "0 2 * * *",
  "0 0 * * *",
  "15 0 * * *",
  "30 23 * * *",
  "59 23 * * *",
  "30 1,2,3 * * *",
  "0 1-4 * * 0,6",
];
const WILD = ["*/15 * * * *", "0 */2 * * *", "30 * * * *", "*/20 2 * * *", "45 0-23/3 * * *"];
const ALL = [...FIXED, ...WILD];

/** The platform's own answer, asked without our code: local wall clock as if it were UTC. */
function wallClock(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  return (atMs) => Date.parse(`${format.format(atMs)} UTC`);
}

/** Moments at which a zone's clocks change, to the hour, found by asking for every hour of the years. */
function changes(zone: string): readonly { readonly atMs: number; readonly shiftMs: number }[] {
  const wall = wallClock(zone);
  const found: { atMs: number; shiftMs: number }[] = [];
  let before = wall(FROM_MS);
  for (let atMs = FROM_MS + 5 * DAY_MS; atMs < TO_MS; atMs += 5 * DAY_MS) {
    const after = wall(atMs);
    if (after - before !== 5 * DAY_MS) {
      for (let hour = atMs - 5 * DAY_MS + HOUR_MS; hour <= atMs; hour += HOUR_MS) {
        const shiftMs = wall(hour) - wall(hour - HOUR_MS) - HOUR_MS;
        if (shiftMs !== 0) found.push({ atMs: hour, shiftMs });
      }
    }
    before = after;
  }
  return found;
}

function judge(text: string, zone: string, fromMs: number, count: number): readonly number[] {
  const cron = new Cron(text, { timezone: zone, mode: "5-part", fixedTimeRule: "no-wildcard" });
  return cron.nextRuns(count, new Date(fromMs)).map((date) => date.getTime());
}

function ours(text: string, timeZone: string, fromMs: number, count: number): readonly number[] {
  return nextRuns(parseSchedule({ schedule: text, timeZone }), fromMs, count);
}

const zones = Intl.supportedValuesOf("timeZone");

describe("every time zone from 2024 to 2037, judged by croner", () => {
  test("due times agree around every change of the clocks, but for a skipped time that ends at midnight", () => {
    let compared = 0;
    let midnightSkips = 0;
    const differences: string[] = [];
    for (const [zoneIndex, zone] of zones.entries()) {
      const wall = wallClock(zone);
      for (const [changeIndex, { atMs, shiftMs }] of changes(zone).entries()) {
        // Thirteen schedules and two changes a year: each zone meets each schedule at both kinds of change.
        const text = ALL[(zoneIndex + changeIndex) % ALL.length] ?? "";
        const fromMs = atMs - 30 * HOUR_MS;
        const found = ours(text, zone, fromMs, 7);
        const wanted = judge(text, zone, fromMs, 7);
        compared += 1;
        if (JSON.stringify(found) === JSON.stringify(wanted)) continue;
        // The judge drops a skipped time when the clocks land on the next day's midnight. Ours is due at that moment.
        const isMidnight = shiftMs > 0 && wall(atMs) % DAY_MS === 0;
        const rest = found.filter((time) => time !== atMs);
        if (
          isMidnight &&
          FIXED.includes(text) &&
          JSON.stringify(rest) === JSON.stringify(wanted.slice(0, rest.length))
        ) {
          midnightSkips += 1;
          continue;
        }
        differences.push(`${zone} ${text} ${new Date(atMs).toISOString()}`);
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(3_000);
    expect(midnightSkips).toBeGreaterThan(0);
  }, 180_000);

  test("due times agree in every zone on days without a change", () => {
    const differences: string[] = [];
    for (const [index, zone] of zones.entries()) {
      // A different day, hour and schedule for each zone, spread over the years.
      const fromMs = FROM_MS + ((index * 37) % 5_000) * DAY_MS + ((index * 7) % 24) * HOUR_MS;
      for (const text of [ALL[index % ALL.length] ?? "", "0 5 29 2 *", "30 6 13 * 5", "10 4 1 */3 *"]) {
        const found = ours(text, zone, fromMs, 3);
        if (JSON.stringify(found) !== JSON.stringify(judge(text, zone, fromMs, 3))) differences.push(`${zone} ${text}`);
      }
    }
    expect(differences).toEqual([]);
  }, 180_000);
});
