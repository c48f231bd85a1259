/**
 * What Prometheus is asked. Pure. Times are asked for as values, so that a sample that comes late still tells the right moment. Both
 * reconcilers tell the same, and of a pair that changes over the greater counts.
 */
import type { ApplicationName } from "../../../web/wire/application.ts";

export interface Question {
  readonly promql: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

const HOUR_MS = 3_600_000;
/** Each answer tells of so much time: a quarter of a day, in which seldom more than one point is made by a schedule of days. */
export const WINDOW_MS = 6 * HOUR_MS;
const WINDOW = "6h";
export const OVERVIEW_DAYS = 14;
/** Of one application or Repository. */
export const LONG_DAYS = 90;

/** Matchers in braces; values are quoted as Prometheus reads them. */
function matching(matchers: Readonly<Record<string, string | undefined>>, extra: string | undefined): string {
  const parts = Object.entries(matchers).flatMap(([label, value]) =>
    value === undefined ? [] : [`${label}=${JSON.stringify(value)}`],
  );
  return `{${[...parts, ...(extra === undefined ? [] : [extra])].join(",")}}`;
}

export interface Asking {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** A matcher of the user's, which tells this cluster from others. */
  readonly matcher: string | undefined;
  readonly nowMs: number;
}

const DAY_MS = 24 * HOUR_MS;

function range(nowMs: number, days: number, stepMs: number) {
  return { startMs: nowMs - days * DAY_MS, endMs: nowMs, stepMs };
}

export interface DayQuestions {
  readonly points: Question;
  readonly good: Question;
  readonly missed: Question;
}

/** What became of the days of all applications, or of one. */
export function askDays({ namespace, matcher, nowMs }: Asking, of: ApplicationName | undefined): DayQuestions {
  const own = { namespace: of?.namespace ?? namespace, invoker_kind: of?.kind, invoker_name: of?.name };
  const where = matching(own, matcher);
  const by = "by (namespace, invoker_kind, invoker_name)";
  const time = range(nowMs, of === undefined ? OVERVIEW_DAYS : LONG_DAYS, WINDOW_MS);
  const ask = (how: string, metric: string): Question => ({
    ...time,
    promql: `${how} ${by} (${how}_over_time(${metric}${where}[${WINDOW}]))`,
  });
  return {
    points: ask("max", "stash_batch_invoker_last_recovery_point_time_seconds"),
    good: ask("min", "stash_appscode_com_backupsession_success"),
    missed: ask("max", "stash_batch_invoker_missed_runs"),
  };
}

export interface RecoveryQuestions {
  readonly provenAt: Question;
  readonly seconds: Question;
}

/** When the verifiers of a namespace proved a point, and how long that took. */
export function askRecoveries({ namespace, matcher, nowMs }: Asking): RecoveryQuestions {
  const ask = (metric: string): Question => ({
    ...range(nowMs, LONG_DAYS, WINDOW_MS),
    promql: `max by (namespace, verifier) (last_over_time(${metric}${matching({ namespace }, matcher)}[${WINDOW}]))`,
  });
  return {
    provenAt: ask("stash_batch_verifier_unproven_since_time_seconds"),
    seconds: ask("stash_batch_verifier_recovery_seconds"),
  };
}

/** How large Repositories were, day by day. */
export function askSizes({ namespace, matcher, nowMs }: Asking): Question {
  const where = matching({ namespace }, matcher);
  return {
    ...range(nowMs, LONG_DAYS, DAY_MS),
    promql: `max by (namespace, name) (last_over_time(stash_appscode_com_repository_size_bytes${where}[1d]))`,
  };
}
