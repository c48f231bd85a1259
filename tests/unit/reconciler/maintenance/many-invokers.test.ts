/** Days of a Repository that many invokers share: their sessions, its maintenance, and who has the repository when. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decideMaintenance } from "../../../../reconciler/maintenance/decide.ts";
import type { MaintenanceJob } from "../../../../reconciler/maintenance/view.ts";
import type { HostRun } from "../../../../shared/api/host-run.ts";
import type { RepositoryStatus } from "../../../../shared/api/repository.ts";
import { aHostRun, aJob, aRepository, aView, FRESH, NOW } from "./builders.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface Session {
  readonly beginMs: number;
  readonly endMs: number;
}

interface Day {
  readonly checks: number;
  readonly prunes: number;
  readonly begun: number;
  readonly stopped: number;
  /** Longest time that work went on beside a session. */
  readonly besideMs: number;
}

const STEP_MS = 30_000;

/** @param workMs how long one maintenance takes */
function live(sessions: readonly Session[], workMs: number, days: number): Day {
  const startMs = NOW.getTime();
  let status: RepositoryStatus = FRESH;
  let jobs: readonly MaintenanceJob[] = [];
  let hostRuns: readonly HostRun[] = [];
  let workedMs = 0;
  let besideMs = 0;
  const count = { checks: 0, prunes: 0, begun: 0, stopped: 0 };
  for (let nowMs = startMs; nowMs < startMs + days * DAY_MS; nowMs += STEP_MS) {
    const now = new Date(nowMs);
    const open = sessions.find(({ beginMs, endMs }) => beginMs <= nowMs && nowMs < endMs);
    const ended = sessions.filter(({ endMs }) => endMs <= nowMs).map(({ endMs }) => endMs);
    if (ended.length > 0) status = { ...status, lastRemoval: `session of ${Math.max(...ended)}` };
    const repository = aRepository(status);
    const view = aView(repository, {
      user: open && "BackupSession demo/s",
      restSinceMs: ended.length === 0 ? undefined : Math.max(...ended),
      jobs,
      hostRuns,
    });
    const decision = decideMaintenance(view, now);
    if (open !== undefined && hostRuns.length > 0 && decision.kind !== "end") besideMs += STEP_MS;
    switch (decision.kind) {
      case "claim":
        status = decision.status;
        count.begun += 1;
        workedMs = 0;
        break;
      case "make-job":
        jobs = [aJob(repository)];
        break;
      case "tell":
        status = decision.status;
        break;
      case "order":
        hostRuns = [aHostRun([])];
        break;
      case "end":
        status = decision.status;
        [jobs, hostRuns] = [[], []];
        if (decision.run.phase === "Stopped") count.stopped += 1;
        break;
      case "answer-locks":
      case "clean-up":
      case "wait":
    }
    workedMs += hostRuns.length > 0 ? STEP_MS : 0;
    if (hostRuns.length > 0 && workedMs >= workMs) {
      const actions = status.maintenanceRuns?.[0]?.actions ?? [];
      const finishedAt = now.toISOString();
      hostRuns = [aHostRun(actions.map((action) => ({ action, phase: "Succeeded", finishedAt })))];
      count.checks += actions.includes("VerifyRepositoryIntegrity") ? 1 : 0;
      count.prunes += actions.includes("PruneRepository") ? 1 : 0;
      workedMs = Number.NEGATIVE_INFINITY;
    }
  }
  return { ...count, besideMs };
}

/** Of each of so many invokers one at 02:00 of every day. */
function nightly(invokers: number, days: number, lengthMs: number): readonly Session[] {
  return Array.from({ length: days * invokers }, (_, at) => {
    const beginMs = NOW.getTime() + Math.floor(at / invokers) * DAY_MS + DAY_MS / 2;
    return { beginMs, endMs: beginMs + lengthMs * (1 + (at % invokers) / invokers) };
  });
}

test("D13: 50 invokers at one second make one check and one prune a day, and none goes on beside a session", () => {
  const days = 3;
  const lived = live(nightly(50, days, 10 * MINUTE_MS), 20 * MINUTE_MS, days);
  expect(lived).toMatchObject({ besideMs: 0, stopped: 0 });
  // Days that begin and end in the middle of one.
  expect(lived.checks).toBeGreaterThanOrEqual(days - 1);
  expect(lived.checks).toBeLessThanOrEqual(days);
  expect(lived.prunes).toBeGreaterThanOrEqual(days - 1);
  expect(lived.prunes).toBeLessThanOrEqual(days);
});

test("D13: whenever sessions come, work ends before they go on, and is done at most once a day", () => {
  const session = fc.record({
    beginMs: fc.integer({ min: 0, max: 2 * DAY_MS }).map((ms) => NOW.getTime() + ms),
    lengthMs: fc.integer({ min: MINUTE_MS, max: 180 * MINUTE_MS }),
  });
  fc.assert(
    fc.property(fc.array(session, { maxLength: 12 }), fc.integer({ min: 1, max: 90 }), (drawn, minutes) => {
      const sessions = drawn.map(({ beginMs, lengthMs }) => ({ beginMs, endMs: beginMs + lengthMs }));
      const lived = live(sessions, minutes * MINUTE_MS, 2);
      expect(lived.besideMs).toBe(0);
      expect(lived.checks).toBeLessThanOrEqual(2);
      expect(lived.prunes).toBeLessThanOrEqual(2);
    }),
    { numRuns: 10 },
  );
});
