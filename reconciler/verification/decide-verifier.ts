/**
 * Which drills a verifier makes and forgets, and what its status says. Pure.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | paused, or its schedule can't be read | it makes none |
 * | 2 | the newest drill failed, and tries are left | another one, after the delay |
 * | 3 | a slot of the schedule is due | one drill for the newest slot |
 * | 4 | afterEach: there is a newer complete recovery point than the last one that was covered | one drill for it |
 * | 5 | more ended drills than sessionHistoryLimit | the oldest go |
 */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier, BackupVerifierStatus } from "../../shared/api/backup-verifier.ts";
import { parseDuration } from "../../shared/duration.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { shortHash } from "../../shared/hash.ts";
import { backupSessionName, nameWithSuffix } from "../../shared/names.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { parseSchedule, type Schedule } from "../../shared/schedule/parse.ts";
import { findCondition, withCondition } from "../../shared/status/conditions.ts";
import { type Readiness, withReadiness } from "../../shared/status/readiness.ts";
import { isGoodPoint } from "../../shared/status/saved-data.ts";
import { firstPast, formatTime, pastMs, timeMs } from "../../shared/timestamps.ts";
import { decideSchedule, type ScheduleDecision } from "../schedule/decide.ts";
import { provenOf } from "./proven.ts";
import { isFinalDrill } from "./status.ts";

export interface VerifierView {
  readonly verifier: BackupVerifier;
  readonly hasInvoker: boolean;
  /** Of the verifier, in any order. */
  readonly drills: readonly BackupVerificationSession[];
  /** Of its invoker, in any order. */
  readonly sessions: readonly BackupSession[];
}

export interface NewDrill {
  readonly name: string;
  readonly spec: BackupVerificationSession["spec"];
}

export interface VerifierDecision {
  readonly create: NewDrill | undefined;
  /** Names of drills that are forgotten. */
  readonly forget: readonly string[];
  readonly status: BackupVerifierStatus;
  /** When something may be due; undefined while nothing will be by itself. */
  readonly dueAtMs: number | undefined;
}

const HISTORY = 3;

export function decideVerifier(view: VerifierView, now: Date): VerifierDecision {
  const { verifier } = view;
  const schedule = readSchedule(verifier);
  const base = baseStatus(view);
  const fault = schedule instanceof UserError ? schedule : undefined;
  const due = schedule === undefined || schedule instanceof UserError ? undefined : dueOf(view, schedule, now);
  const retry = retryOf(view, now);
  const each = eachOf(view, now);
  const create = verifier.spec.paused === true ? undefined : (retry?.drill ?? due?.drill ?? each?.drill);
  // What a retry goes before is still owed, and comes with the next look.
  const isOwed = retry?.drill !== undefined;
  const covered = isOwed
    ? verifier.status?.lastScheduleTime
    : (due?.covered ?? each?.covered ?? verifier.status?.lastScheduleTime);
  const { nextRun: _, lastScheduleTime: __, ...rest } = base;
  const nextRun = isOwed ? verifier.status?.nextRun : due?.nextRun;
  return {
    create,
    forget: forgotten(view),
    status: {
      ...rest,
      ...(nextRun !== undefined && { nextRun }),
      ...(covered !== undefined && { lastScheduleTime: covered }),
      conditions: conditionsOf(view, fault, now),
    },
    dueAtMs: earliest(due?.untilMs, retry?.atMs),
  };
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** @returns the error where the text can't be read, undefined where there is none */
export function readSchedule({ spec, metadata }: BackupVerifier): Schedule | UserError | undefined {
  if (!spec.schedule) return undefined;
  try {
    return parseSchedule({
      schedule: spec.schedule,
      timeZone: spec.timeZone,
      anchorMs: Date.parse(metadata.creationTimestamp ?? "") || 0,
    });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

interface Due {
  readonly drill: NewDrill | undefined;
  readonly covered: string | undefined;
  readonly nextRun: string | undefined;
  readonly untilMs: number | undefined;
}

function dueOf({ verifier }: VerifierView, schedule: Schedule, now: Date): Due {
  const { metadata, spec, status } = verifier;
  // Nothing was ever promised before the first look; while it is paused nothing is.
  const isNew = (status?.observedGeneration ?? -1) < 0;
  const announced = status?.nextRun === undefined ? (isNew ? undefined : []) : [Date.parse(status.nextRun)];
  const view = {
    schedule,
    isPaused: spec.paused === true,
    announced,
    coveredUntilMs: Date.parse(metadata.creationTimestamp ?? "") || now.getTime(),
    startingDeadlineMs: undefined,
    restore: undefined,
  };
  const decision = decideSchedule(view, now.getTime());
  const [first] = decision.announce;
  return {
    drill: drillOf(verifier, decision),
    covered: decision.kind === "Start" ? formatTime(new Date(decision.dueAtMs)) : status?.lastScheduleTime,
    nextRun: first === undefined ? undefined : formatTime(new Date(first)),
    untilMs: "untilMs" in decision ? decision.untilMs : undefined,
  };
}

function drillOf({ metadata, spec }: BackupVerifier, decision: ScheduleDecision): NewDrill | undefined {
  if (decision.kind !== "Start") return undefined;
  return {
    name: backupSessionName(metadata.name, decision.dueAtMs),
    spec: {
      verifier: metadata.name,
      trigger: "Scheduled",
      dueTime: formatTime(new Date(decision.dueAtMs)),
      retryLeft: spec.retryConfig?.maxRetry ?? (spec.retryConfig === undefined ? 0 : 1),
    },
  };
}

function timeOf({ metadata, spec }: BackupSession): string {
  return spec.dueTime ?? metadata.creationTimestamp ?? "";
}

/** Older points than the newest one get none: a drill a backup is meant, not all of them after an outage. */
function eachOf({ verifier, sessions }: VerifierView, now: Date): Pick<Due, "drill" | "covered"> | undefined {
  const { metadata, spec, status } = verifier;
  if (spec.afterEach !== true) return undefined;
  const sinceMs = timeMs(firstPast([status?.lastScheduleTime, metadata.creationTimestamp], now));
  const newest = sessions
    .filter((session) => session.status !== undefined && isGoodPoint(session.status))
    .filter((session) => pastMs(timeOf(session), now) > sinceMs)
    .reduce<BackupSession | undefined>(
      (last, one) => (last === undefined || timeMs(timeOf(one)) > timeMs(timeOf(last)) ? one : last),
      undefined,
    );
  if (newest === undefined) return undefined;
  const { name, uid = "" } = newest.metadata;
  const drill: NewDrill = {
    name: nameWithSuffix(metadata.name, shortHash(`${uid}/${name}`)),
    spec: {
      verifier: metadata.name,
      session: name,
      trigger: "Scheduled",
      retryLeft: spec.retryConfig?.maxRetry ?? (spec.retryConfig === undefined ? 0 : 1),
    },
  };
  return { drill, covered: timeOf(newest) };
}

function newestFirst(drills: readonly BackupVerificationSession[]): readonly BackupVerificationSession[] {
  const keyOf = ({ metadata }: BackupVerificationSession) => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return [...drills].sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
}

/** Only of the newest: what came after it is another try, or a new point. */
function retryOf({ verifier, drills }: VerifierView, now: Date) {
  const [newest] = newestFirst(drills);
  const left = newest?.spec.retryLeft ?? 0;
  if (newest === undefined || newest.status?.phase !== "Failed" || left <= 0) return undefined;
  const atMs = Date.parse(newest.status.completionTime ?? "") + delayMs(verifier);
  if (Number.isNaN(atMs)) return undefined;
  const { session, dueTime } = newest.spec;
  const drill: NewDrill = {
    name: nameWithSuffix(verifier.metadata.name, shortHash(`retry ${newest.metadata.uid}`)),
    spec: {
      verifier: verifier.metadata.name,
      ...(session !== undefined && { session }),
      ...(dueTime !== undefined && { dueTime }),
      trigger: "Retry",
      retryLeft: left - 1,
      retryOf: newest.metadata.name,
    },
  };
  return { drill: atMs <= now.getTime() ? drill : undefined, atMs };
}

function delayMs({ spec }: BackupVerifier): number {
  const { delay } = spec.retryConfig ?? {};
  if (delay === undefined) return 0;
  try {
    return parseDuration(delay, "spec.retryConfig.delay");
  } catch {
    // What admission did not see is as good as not written.
    return 0;
  }
}

function forgotten({ verifier, drills }: VerifierView): readonly string[] {
  const limit = Math.max(1, verifier.spec.sessionHistoryLimit ?? HISTORY);
  const own = newestFirst(drills).filter(isFinalDrill);
  return own.slice(limit).map(({ metadata }) => metadata.name);
}

function baseStatus({ verifier, drills }: VerifierView): BackupVerifierStatus {
  const [newest] = newestFirst(drills);
  const [proven] = newestFirst(drills.filter(({ status }) => status?.phase === "Succeeded"));
  const last = proven?.status && provenOf(proven, proven.status);
  const known = verifier.status?.lastProven;
  const isNewer = last !== undefined && Date.parse(last.time) >= (Date.parse(known?.time ?? "") || 0);
  return {
    ...verifier.status,
    observedGeneration: verifier.metadata.generation ?? 0,
    ...(newest !== undefined && { lastSession: newest.metadata.name }),
    ...(isNewer && { lastProven: last }),
  };
}

function conditionsOf(view: VerifierView, fault: UserError | undefined, now: Date) {
  const { verifier, drills } = view;
  const ready = withReadiness(verifier.status?.conditions, readiness(view, fault), verifier.metadata.generation, now);
  const told = newestFirst(drills).find(({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed");
  const proven = findCondition(told?.status?.conditions, ConditionType.RecoveryProven);
  if (told === undefined || proven === undefined) return ready;
  const { status, reason = "", message = "" } = proven;
  const words = `${told.metadata.name}: ${message}`.slice(0, 1_000);
  return withCondition(ready, { type: ConditionType.RecoveryProven, status, reason, message: words }, now);
}

function readiness({ verifier, hasInvoker }: VerifierView, fault: UserError | undefined): Readiness {
  const { kind, name } = verifier.spec.invoker;
  if (fault !== undefined) return { state: "Stalled", reason: "ScheduleInvalid", message: messageOf(fault) };
  return hasInvoker
    ? { state: "Ready", reason: "DrillsCanRun", message: "drills can run" }
    : { state: "Reconciling", reason: "InvokerNotFound", message: `${kind} ${name} does not exist` };
}
