/**
 * What became of an application's backups, day by day. Pure. First match wins:
 *
 * | what is known of the day                                   | state      |
 * |------------------------------------------------------------|------------|
 * | a complete point                                           | Complete   |
 * | a run that has ended, without one                          | Incomplete |
 * | a run that goes on                                         | Running    |
 * | it ended before the application was made                   | None       |
 * | Prometheus watched: runs were missed                       | Missed     |
 * | Prometheus watched: the newest run had failed              | Incomplete |
 * | it ended before the oldest session that is kept, and Prometheus did not watch | Unknown |
 * | the schedule is paused, empty or can't be read             | Unknown    |
 * | runs were due, by the schedule as it is now                | Missed     |
 * | nothing was due                                            | None       |
 */
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import type { Schedule } from "../../../shared/schedule/parse.ts";
import { isFinalSessionPhase } from "../../../shared/status/backup-phase.ts";
import type { Day, DayState } from "../../../web/wire/application.ts";
import { pointTime } from "../../objects/session-facts.ts";
import { pointOfSession } from "../../points/decide.ts";
import type { ToldDays } from "../history/told.ts";
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
  /** What a Prometheus tells; undefined where none is asked, or it knows nothing of it. */
  readonly told?: ToldDays | undefined;
  readonly nowMs: number;
}

/** So many windows of a day must have been watched, for nothing to have gone unseen. */
const WATCHED_WINDOWS = 3;

/** Until the reconciler has made a session that is due. */
const GRACE_MS = 120_000;

const toSeconds = (ms: number) => Math.floor(ms / 1_000);

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
    const told = new Set([...view.pointTimes, ...(view.told?.pointTimes ?? [])].filter(inDay).map(toSeconds)).size;
    const state = stateOf(day, own, complete + told > 0, { ...view, knownSinceMs });
    return { date: day.date, state, complete: Math.max(complete, told), runs: Math.max(own.length, told) };
  });
}

function stateOf(
  { startMs, endMs }: LocalDay,
  runs: readonly RunFact[],
  isComplete: boolean,
  { createdMs, knownSinceMs, schedule, nowMs, told }: DaysView & { readonly knownSinceMs: number },
): DayState {
  if (isComplete) return "Complete";
  if (runs.some(({ phase }) => isFinalSessionPhase(phase))) return "Incomplete";
  if (runs.length > 0) return "Running";
  if (endMs <= createdMs) return "None";
  const windows = (told?.windows ?? []).filter(({ fromMs, untilMs }) => fromMs >= startMs && untilMs <= endMs);
  if (windows.some(({ missedRuns }) => missedRuns > 0)) return "Missed";
  if (windows.some(({ isFailed }) => isFailed)) return "Incomplete";
  const isWatched = windows.length >= WATCHED_WINDOWS;
  // Without any session nothing is known at all, but by whoever watched.
  if ((endMs <= knownSinceMs && !isWatched) || schedule === undefined) return "Unknown";
  const fromMs = Math.max(startMs, createdMs, isWatched ? startMs : knownSinceMs) - 1;
  const untilMs = Math.min(endMs - 1, nowMs - GRACE_MS);
  return untilMs > fromMs && schedule.count(fromMs, untilMs) > 0 ? "Missed" : "None";
}
