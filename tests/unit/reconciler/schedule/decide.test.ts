import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideSchedule, type ScheduleView } from "../../../../reconciler/schedule/decide.ts";
import { nextRuns, parseSchedule } from "../../../../shared/schedule/parse.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function at(text: string): number {
  return Date.parse(`2024-05-${text}:00Z`);
}

function iso(times: readonly number[]): readonly string[] {
  return times.map((time) => new Date(time).toISOString().slice(8, 16));
}

/** A daily backup at 03:00, created on 1 May. */
function aView(facts: Partial<ScheduleView> & { readonly text?: string } = {}): ScheduleView {
  const { text = "0 3 * * *", ...rest } = facts;
  return {
    schedule: parseSchedule({ schedule: text }),
    isPaused: false,
    announced: undefined,
    coveredUntilMs: at("01T12:00"),
    startingDeadlineMs: undefined,
    restore: undefined,
    ...rest,
  };
}

/** What stands in the status after a run at that time. */
function promisedAfter(text: string, afterMs: number): readonly number[] {
  return nextRuns(parseSchedule({ schedule: text }), afterMs, 5);
}

describe("an invoker that is new", () => {
  test("waits for its first due time and promises five", () => {
    const decision = decideSchedule(aView(), at("01T12:00"));
    expect(decision.kind).toBe("Wait");
    expect(iso(decision.announce)).toEqual(["02T03:00", "03T03:00", "04T03:00", "05T03:00", "06T03:00"]);
  });

  test("starts what became due since its creation while nobody looked", () => {
    expect(decideSchedule(aView(), at("02T05:00"))).toMatchObject({
      kind: "Start",
      dueAtMs: at("02T03:00"),
      missed: 0,
    });
  });

  test("starts nothing that an earlier program's session covers", () => {
    const view = aView({ coveredUntilMs: at("09T03:00") });
    expect(decideSchedule(view, at("09T20:00"))).toMatchObject({ kind: "Wait", untilMs: at("10T03:00") });
  });
});

describe("after an outage", () => {
  const announced = promisedAfter("0 3 * * *", at("02T03:00"));

  test("the newest missed run starts once and the older ones count as missed", () => {
    const decision = decideSchedule(aView({ announced }), at("06T10:00"));
    expect(decision).toMatchObject({ kind: "Start", dueAtMs: at("06T03:00"), missed: 3, untilMs: at("07T03:00") });
    expect(iso(decision.announce)[0]).toBe("07T03:00");
  });

  test("a run older than startingDeadlineSeconds is missed too, and the next one still comes", () => {
    const view = aView({ announced, startingDeadlineMs: HOUR_MS });
    expect(decideSchedule(view, at("06T10:00"))).toMatchObject({ kind: "Miss", missed: 4, untilMs: at("07T03:00") });
    expect(decideSchedule(view, at("06T03:59"))).toMatchObject({ kind: "Start", dueAtMs: at("06T03:00"), missed: 3 });
  });

  test("a year of missed runs is no reason to stop (a CronJob gives up after 100)", () => {
    const view = aView({ text: "*/5 * * * *", announced: promisedAfter("*/5 * * * *", at("02T03:00")) });
    const decision = decideSchedule(view, at("02T03:00") + 365 * 24 * HOUR_MS + 1);
    expect(decision).toMatchObject({ kind: "Start", missed: 365 * 288 - 1 });
  });

  test("a deadline of zero seconds lets a run start that comes up now", () => {
    const view = aView({ announced, startingDeadlineMs: 0 });
    expect(decideSchedule(view, at("03T03:00") + 900)).toMatchObject({ kind: "Start", dueAtMs: at("03T03:00") });
    expect(decideSchedule(view, at("03T03:01")).kind).toBe("Miss");
  });
});

describe("paused", () => {
  test("promises nothing", () => {
    expect(decideSchedule(aView({ isPaused: true, announced: [at("02T03:00")] }), at("03T00:00"))).toEqual({
      kind: "Paused",
      announce: [],
    });
  });

  test("runs that passed meanwhile are not owed afterwards", () => {
    expect(decideSchedule(aView({ announced: [] }), at("09T20:00"))).toMatchObject({
      kind: "Wait",
      untilMs: at("10T03:00"),
    });
  });
});

describe("an edited schedule", () => {
  test("owes nothing of the time before the edit", () => {
    const view = aView({ text: "0 * * * *", announced: promisedAfter("0 3 * * *", at("02T03:00")) });
    expect(decideSchedule(view, at("02T20:30"))).toMatchObject({ kind: "Wait", untilMs: at("02T21:00") });
  });
});

describe("a restore of a target", () => {
  const announced = promisedAfter("0 3 * * *", at("02T03:00"));

  test("holds the due run", () => {
    const view = aView({ announced, restore: "RestoreBatch demo/back" });
    const decision = decideSchedule(view, at("04T05:00"));
    expect(decision).toMatchObject({ kind: "Hold", restore: "RestoreBatch demo/back" });
    expect(iso(decision.announce)[0]).toBe("03T03:00");
  });

  test("lets the newest held run start when it has ended", () => {
    const held = decideSchedule(aView({ announced, restore: "RestoreBatch demo/back" }), at("04T05:00"));
    const released = decideSchedule(aView({ announced: held.announce }), at("04T06:00"));
    expect(released).toMatchObject({ kind: "Start", dueAtMs: at("04T03:00"), missed: 1 });
  });

  test("is not noticed while nothing is due", () => {
    const view = aView({ announced, restore: "RestoreBatch demo/back" });
    expect(decideSchedule(view, at("02T05:00")).kind).toBe("Wait");
  });
});

describe("a clock that jumps", () => {
  const announced = promisedAfter("0 * * * *", at("02T13:00"));

  test("back by an hour: the run that was started is not started again", () => {
    const view = aView({ text: "0 * * * *", announced });
    expect(decideSchedule(view, at("02T12:05"))).toMatchObject({ kind: "Wait", untilMs: at("02T14:00") });
  });

  test("ahead by an hour: the run in between starts, once", () => {
    const view = aView({ text: "0 * * * *", announced });
    const decision = decideSchedule(view, at("02T14:20"));
    expect(decision).toMatchObject({ kind: "Start", dueAtMs: at("02T14:00"), missed: 0 });
    expect(decideSchedule({ ...view, announced: decision.announce }, at("02T13:25")).kind).toBe("Wait");
  });

  test("back by a year: backups do not stop for a year", () => {
    const view = aView({ announced: promisedAfter("0 3 * * *", at("02T03:00") + 366 * 24 * HOUR_MS) });
    expect(decideSchedule(view, at("02T05:00"))).toMatchObject({ kind: "Wait", untilMs: at("03T03:00") });
  });

  test("a daily run waits out a small step back", () => {
    const view = aView({ announced: promisedAfter("0 3 * * *", at("02T03:00")) });
    expect(decideSchedule(view, at("02T02:05"))).toMatchObject({ kind: "Wait", untilMs: at("03T03:00") });
  });
});

test("whatever is looked at when, each due time starts at most once, and one that is watched is never lost", () => {
  const texts = ["*/7 * * * *", "0 * * * *", "30 2 * * *", "0 4 * * 1", "15 */3 1-15 * *"];
  const looks = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 30 * HOUR_MS }), isRestoring: fc.boolean() }), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.constantFrom(...texts), looks, (text, history) => {
      const schedule = parseSchedule({ schedule: text, timeZone: "Europe/Berlin" });
      const createdMs = Date.parse("2024-03-29T10:00:00Z");
      const view = { ...aView(), schedule, coveredUntilMs: createdMs };
      let announced: readonly number[] | undefined;
      let nowMs = createdMs;
      const started: number[] = [];
      let missed = 0;
      let owed = 0;
      for (const { afterMs, isRestoring } of history) {
        nowMs += afterMs;
        const decision = decideSchedule(
          { ...view, announced, restore: isRestoring ? "RestoreSession demo/back" : undefined },
          nowMs,
        );
        if (decision.kind === "Start") started.push(decision.dueAtMs);
        if ("missed" in decision) missed += decision.missed;
        expect(decision.announce[0]).toBeGreaterThan(decision.kind === "Hold" ? 0 : nowMs);
        owed = decision.kind === "Hold" ? schedule.count((decision.announce[0] ?? 0) - 1, nowMs) : 0;
        ({ announce: announced } = decision);
      }
      expect(new Set(started).size).toBe(started.length);
      expect(started.every((due) => due <= nowMs && schedule.next(due - 1) === due)).toBe(true);
      expect(started.length + missed + owed).toBe(schedule.count(createdMs, nowMs));
    }),
    { numRuns: 150 },
  );
  // A minute's tick at every slot loses none.
  const schedule = parseSchedule({ schedule: "*/7 * * * *" });
  let announced: readonly number[] = nextRuns(schedule, at("01T00:00"), 5);
  let starts = 0;
  for (let nowMs = at("01T00:01"); nowMs <= at("02T00:00"); nowMs += MINUTE_MS) {
    const decision = decideSchedule({ ...aView(), schedule, announced }, nowMs);
    if (decision.kind === "Start") starts += 1;
    announced = decision.announce;
  }
  expect(starts).toBe(schedule.count(at("01T00:00"), at("02T00:00")));
});
