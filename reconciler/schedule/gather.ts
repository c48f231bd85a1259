/** Reads what the decision about one invoker's schedule needs. */
import { UserError } from "../../shared/errors.ts";
import { type BackupInvokerView, backupInvokerView } from "../../shared/invoker/object.ts";
import { parseSchedule, type Schedule } from "../../shared/schedule/parse.ts";
import type { ScheduleView } from "./decide.ts";
import type { BackupInvoker, ScheduleWorld } from "./ports.ts";

/** What is remembered of an invoker between two looks at it. */
export interface ScheduleMemory {
  readonly uid: string;
  /** The schedule, and what it was read from: reading it anew costs a tenth of a millisecond. */
  readonly schedule: Schedule;
  readonly readFrom: Pick<BackupInvokerView, "schedule" | "timeZone" | "jitterMs">;
  /** What was last promised; ahead of the informer's copy, which may not show our own last write yet. */
  readonly announced: readonly number[] | undefined;
  readonly missedRuns: number;
}

export interface GatheredSchedule {
  readonly invoker: BackupInvokerView;
  readonly view: ScheduleView;
  readonly memory: ScheduleMemory;
}

/**
 * Gathers the view of one invoker.
 *
 * @throws UserError SCHEDULE_INVALID or INVALID_DURATION
 */
export function gatherSchedule(
  world: ScheduleWorld,
  object: BackupInvoker,
  remembered: ScheduleMemory | undefined,
): GatheredSchedule {
  const invoker = backupInvokerView(object);
  const memory = refreshMemory(invoker, object, remembered?.uid === invoker.uid ? remembered : undefined);
  const view: ScheduleView = {
    schedule: memory.schedule,
    isPaused: invoker.isPaused,
    announced: memory.announced,
    coveredUntilMs: memory.announced === undefined ? coveredUntil(world, invoker) : invoker.createdAtMs,
    startingDeadlineMs: invoker.startingDeadlineMs,
    restore: world.findRestore(invoker.members.map(({ ref }) => ref)),
  };
  return { invoker, view, memory };
}

/**
 * Reads the schedule of an invoker.
 *
 * @throws UserError SCHEDULE_INVALID
 */
export function readSchedule(invoker: BackupInvokerView): Schedule {
  if (invoker.schedule === undefined) {
    throw new UserError("SCHEDULE_INVALID", "spec.schedule is empty", {
      next: "Set spec.schedule; with spec.paused: true backups run on request only.",
    });
  }
  return parseSchedule({
    schedule: invoker.schedule,
    timeZone: invoker.timeZone,
    jitterMs: invoker.jitterMs,
    seed: invoker.uid,
    anchorMs: invoker.createdAtMs,
  });
}

function refreshMemory(
  invoker: BackupInvokerView,
  { status }: BackupInvoker,
  remembered: ScheduleMemory | undefined,
): ScheduleMemory {
  const { schedule, timeZone, jitterMs } = invoker;
  const known = remembered?.readFrom;
  const isSame = known?.schedule === schedule && known?.timeZone === timeZone && known?.jitterMs === jitterMs;
  return {
    uid: invoker.uid,
    readFrom: { schedule, timeZone, jitterMs },
    schedule: remembered !== undefined && isSame ? remembered.schedule : readSchedule(invoker),
    announced: remembered === undefined ? status?.nextRuns?.map((time) => Date.parse(time)) : remembered.announced,
    missedRuns: remembered?.missedRuns ?? status?.missedRuns ?? 0,
  };
}

/** An invoker that another program ran before has sessions: what was due before the newest of them is covered. */
function coveredUntil(world: ScheduleWorld, invoker: BackupInvokerView): number {
  const created = world
    .sessionsOf(invoker)
    .map(({ metadata }) => (metadata.creationTimestamp === undefined ? 0 : Date.parse(metadata.creationTimestamp)));
  return Math.max(invoker.createdAtMs, ...created);
}
