/** What an invoker's schedule asks for at a moment. Pure. */
import { nextRuns, type Schedule } from "../../shared/schedule/parse.ts";

export interface ScheduleView {
  readonly schedule: Schedule;
  readonly isPaused: boolean;
  /**
   * `status.nextRuns` in milliseconds: what was promised last. The first of them is the oldest run that is still owed.
   * Undefined when nothing was ever promised, empty when the invoker was paused.
   */
  readonly announced: readonly number[] | undefined;
  /** Everything due until this moment is covered where nothing was promised: creation, or the newest session. */
  readonly coveredUntilMs: number;
  readonly startingDeadlineMs: number | undefined;
  /** `RestoreBatch demo/back`: a restore of one of the targets that has not ended. */
  readonly restore: string | undefined;
}

export type ScheduleDecision =
  /** Paused: nothing is promised. */
  | { readonly kind: "Paused"; readonly announce: readonly number[] }
  /** Nothing is due before `untilMs`. */
  | { readonly kind: "Wait"; readonly untilMs: number; readonly announce: readonly number[] }
  /** Something is due, but a restore goes first. */
  | { readonly kind: "Hold"; readonly restore: string; readonly announce: readonly number[] }
  /** One session for the newest run that is due; `missed` older ones get none. */
  | {
      readonly kind: "Start";
      readonly dueAtMs: number;
      readonly missed: number;
      readonly untilMs: number;
      readonly announce: readonly number[];
    }
  /** Even the newest run that was due is too old. */
  | {
      readonly kind: "Miss";
      readonly missed: number;
      readonly untilMs: number;
      readonly announce: readonly number[];
    };

const ANNOUNCED_RUNS = 5;

/** A run that comes up now is never too late, however short its deadline is. */
const SHORTEST_DEADLINE_MS = 10_000;

/**
 * A clock that is put back by less than this waits for the promised run, which keeps each run single. By more, the promise was
 * made by a clock that was wrong, and is void: else a clock once a year ahead would stop backups for a year.
 */
const WRONG_CLOCK_MS = 3 * 3_600_000;

/**
 * Decides. First match wins:
 *
 * | # | when | what |
 * |---|---|---|
 * | 1 | paused | `Paused` |
 * | 2 | the oldest owed run is not due yet | `Wait` for it |
 * | 3 | a restore of a target has not ended | `Hold` |
 * | 4 | the newest owed run is within its deadline (default: the next run is not due yet) | `Start` it, once |
 * | 5 | otherwise | `Miss` |
 */
export function decideSchedule(view: ScheduleView, nowMs: number): ScheduleDecision {
  if (view.isPaused) return { kind: "Paused", announce: [] };
  const { schedule } = view;
  const owedMs = oldestOwed(view, nowMs);
  const announceFrom = (afterMs: number) => nextRuns(schedule, afterMs, ANNOUNCED_RUNS);
  if (owedMs > nowMs) return { kind: "Wait", untilMs: owedMs, announce: announceFrom(owedMs - 1) };
  if (view.restore !== undefined) return { kind: "Hold", restore: view.restore, announce: announceFrom(owedMs - 1) };
  const newestMs = schedule.newest(owedMs - 1, nowMs) ?? owedMs;
  const due = schedule.count(owedMs - 1, nowMs);
  const announce = announceFrom(newestMs);
  const untilMs = schedule.next(newestMs);
  const deadlineMs = Math.max(view.startingDeadlineMs ?? untilMs - newestMs, SHORTEST_DEADLINE_MS);
  return nowMs - newestMs <= deadlineMs
    ? { kind: "Start", dueAtMs: newestMs, missed: due - 1, untilMs, announce }
    : { kind: "Miss", missed: due, untilMs, announce };
}

/** Due time of the oldest run that is still owed; in the future when none is. */
function oldestOwed(view: ScheduleView, nowMs: number): number {
  const { schedule, announced, coveredUntilMs } = view;
  if (announced === undefined) return schedule.next(coveredUntilMs);
  const [first] = announced;
  // Paused until now, or promised by another schedule text, zone or jitter: what lies behind is not owed.
  if (first === undefined || !isPromisedBy(schedule, announced)) return schedule.next(nowMs);
  const isOfWrongClock = first > nowMs && schedule.count(nowMs + WRONG_CLOCK_MS, first - 1) > 0;
  return isOfWrongClock ? schedule.next(nowMs) : first;
}

function isPromisedBy(schedule: Schedule, announced: readonly number[]): boolean {
  let at = (announced[0] ?? 0) - 1;
  return announced.every((announcedMs) => {
    at = schedule.next(at);
    return at === announcedMs;
  });
}
