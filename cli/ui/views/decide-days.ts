/**
 * What became of an application's backups, day by day. Pure. First match wins:
 *
 * | what is known of the day                                   | state      |
 * |------------------------------------------------------------|------------|
 * | a complete point                                           | Complete   |
 * | a run that has ended, without one                          | Incomplete |
 * | a run that goes on                                         | Running    |
 * | it ended before the application was made                   | None       |
 * | it ended before the oldest session that is kept            | Unknown    |
 * | the schedule is paused, empty or can't be read             | Unknown    |
 * | runs were due, by the schedule as it is now                | Missed     |
 * | nothing was due                                            | None       |
 */
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import type { Schedule } from "../../../shared/schedule/parse.ts";
import { isFinalSessionPhase } from "../../../shared/status/backup-phase.ts";
import type { Day, DayState } from "../../../web/wire/application.ts";
import { pointTime } from "../../objects/session-facts.ts";
import { pointOfSession } from "../../points/recovery-points.ts";
import type { LocalDay } from "./local-days.ts";

export interface DaysView {
  readonly days: readonly LocalDay[];
  readonly createdMs: number;
  /** Of the application; undefined where they can't be read. */
  readonly sessions: readonly BackupSession[] | undefined;
  /** Times of complete points that other objects tell of. */
  readonly pointTimes: readonly number[];
  /** Undefined where it is paused, empty or can't be read. */
  readonly schedule: Schedule | undefined;
  readonly nowMs: number;
}

/** Until the reconciler has made a session that is due. */
const GRACE_MS = 120_000;

interface RunFact {
  readonly atMs: number;
  readonly phase: string;
  readonly isComplete: boolean;
}

export function decideDays(view: DaysView): readonly Day[] {
  const runs = (view.sessions ?? []).flatMap((session): RunFact[] => {
    const atMs = Date.parse(pointTime(session) ?? "");
    const phase = session.status?.phase ?? "Pending";
    if (Number.isNaN(atMs)) return [];
    return [{ atMs, phase, isComplete: pointOfSession(session)?.isComplete === true }];
  });
  const knownSinceMs = Math.min(...runs.map(({ atMs }) => atMs));
  return view.days.map((day) => {
    const inDay = (atMs: number) => atMs >= day.startMs && atMs < day.endMs;
    const own = runs.filter(({ atMs, phase }) => inDay(atMs) && phase !== "Skipped");
    const complete = own.filter(({ isComplete }) => isComplete).length;
    const told = view.pointTimes.some(inDay) ? 1 : 0;
    const state = stateOf(day, own, complete + told > 0, { ...view, knownSinceMs });
    return { date: day.date, state, complete: Math.max(complete, told), runs: Math.max(own.length, told) };
  });
}

function stateOf(
  { startMs, endMs }: LocalDay,
  runs: readonly RunFact[],
  isComplete: boolean,
  { createdMs, knownSinceMs, schedule, nowMs }: DaysView & { readonly knownSinceMs: number },
): DayState {
  if (isComplete) return "Complete";
  if (runs.some(({ phase }) => isFinalSessionPhase(phase))) return "Incomplete";
  if (runs.length > 0) return "Running";
  if (endMs <= createdMs) return "None";
  // Without any session nothing is known at all.
  if (endMs <= knownSinceMs || schedule === undefined) return "Unknown";
  const fromMs = Math.max(startMs, createdMs, knownSinceMs) - 1;
  const untilMs = Math.min(endMs - 1, nowMs - GRACE_MS);
  return untilMs > fromMs && schedule.count(fromMs, untilMs) > 0 ? "Missed" : "None";
}
