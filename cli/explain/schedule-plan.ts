/** When a batch runs next, and what its retention does to the points that there are. Pure. */
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { UserError } from "../../shared/errors.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { nextRuns, parseSchedule } from "../../shared/schedule/parse.ts";
import type { Point } from "../points/decide.ts";

const RUNS = 5;

export interface SchedulePlan {
  readonly schedule: string;
  readonly timeZone: string;
  /** RFC 3339 in UTC. */
  readonly nextRuns: readonly string[];
}

/** Undefined for one that never runs by itself. */
function planSchedule(invoker: BackupInvokerView, nowMs: number): SchedulePlan | undefined {
  const { schedule, timeZone, jitterMs, uid, createdAtMs } = invoker;
  if (schedule === undefined) return undefined;
  const read = parseSchedule({ schedule, timeZone, jitterMs, seed: uid, anchorMs: createdAtMs });
  return {
    schedule: read.cronText,
    timeZone: read.timeZone,
    nextRuns: nextRuns(read, nowMs, RUNS).map((at) => new Date(at).toISOString()),
  };
}

export interface RetentionView {
  readonly kept: readonly { readonly session: string; readonly because: readonly string[] }[];
  readonly removed: readonly string[];
  /** Points that are not complete, which no rule counts. */
  readonly incomplete: readonly string[];
}

const RULES: readonly (readonly [keyof RetentionPolicy & `keep${string}`, string, (time: string) => string])[] = [
  ["keepHourly", "hour", (time) => time.slice(0, 13)],
  ["keepDaily", "day", (time) => time.slice(0, 10)],
  ["keepWeekly", "week", weekOf],
  ["keepMonthly", "month", (time) => time.slice(0, 7)],
  ["keepYearly", "year", (time) => time.slice(0, 4)],
];

/**
 * What the rules say of complete points: of each hour, day and so on the newest one is kept, for the last so many that have one. A policy
 * without rules removes nothing.
 *
 * @param points of the batch, newest first
 */
export function planRetention(policy: RetentionPolicy | undefined, points: readonly Point[]): RetentionView {
  const complete = points.filter(({ isComplete }) => isComplete);
  const incomplete = points.filter(({ isComplete }) => !isComplete).map(({ session }) => session);
  const reasons = new Map<string, string[]>();
  const keep = (session: string, because: string) => reasons.set(session, [...(reasons.get(session) ?? []), because]);
  for (const [at, { session }] of complete.slice(0, policy?.keepLast ?? 0).entries()) keep(session, `last ${at + 1}`);
  for (const [field, word, bucketOf] of RULES) {
    const wanted = Number(policy?.[field] ?? 0);
    const seen = new Set<string>();
    for (const { session, time } of complete) {
      const bucket = bucketOf(new Date(time).toISOString());
      if (seen.has(bucket) || seen.size >= wanted) continue;
      seen.add(bucket);
      keep(session, `${word} ${seen.size}`);
    }
  }
  const hasRules = (policy?.keepLast ?? 0) > 0 || RULES.some(([field]) => Number(policy?.[field] ?? 0) > 0);
  const isKept = ({ session }: Point) => !hasRules || reasons.has(session);
  return {
    kept: complete.filter(isKept).map(({ session }) => ({ session, because: reasons.get(session) ?? ["no rule"] })),
    removed: complete.filter((point) => !isKept(point)).map(({ session }) => session),
    incomplete,
  };
}

/** Monday of the week, as weeks are counted by ISO 8601. */
function weekOf(time: string): string {
  const day = new Date(`${time.slice(0, 10)}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/** @param points undefined where nobody looked for them */
export function formatSchedulePlan(
  invoker: BackupInvokerView,
  points: readonly Point[] | undefined,
  nowMs: number,
): readonly string[] {
  return [...formatRuns(invoker, nowMs), ...(points === undefined ? [] : formatRetention(invoker, points))];
}

/** The same for programs; a schedule that can't be read has no runs. */
export function describeSchedulePlan(
  invoker: BackupInvokerView,
  points: readonly Point[] | undefined,
  nowMs: number,
): object {
  const retention = points === undefined ? undefined : planRetention(invoker.retentionPolicy, points);
  let schedule: SchedulePlan | undefined;
  try {
    schedule = planSchedule(invoker, nowMs);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
  }
  return { ...(schedule !== undefined && { schedule }), ...(retention !== undefined && { retention }) };
}

function formatRuns(invoker: BackupInvokerView, nowMs: number): readonly string[] {
  try {
    const plan = planSchedule(invoker, nowMs);
    if (plan === undefined) return ["Schedule: none; it runs when it is told to."];
    const { timeZone } = plan;
    const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "long" });
    const runs = plan.nextRuns.map(
      (run) => `  ${format.format(new Date(run))}${timeZone === "UTC" ? "" : ` (${run})`}`,
    );
    const paused = invoker.isPaused ? " It is paused: none of them happens." : "";
    return [`Schedule: ${plan.schedule} in ${timeZone}.${paused} Next runs:`, ...runs];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [`Schedule: ${thrown.message}`];
  }
}

function formatRetention({ retentionPolicy }: BackupInvokerView, points: readonly Point[]): readonly string[] {
  const { kept, removed, incomplete } = planRetention(retentionPolicy, points);
  const name = retentionPolicy?.name ?? "none";
  const list = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    `Retention ${name}, by the points that objects here tell of: ${kept.length} stay, ${removed.length} go.`,
    ...list(kept.map(({ session, because }) => `${session} stays: ${because.join(", ")}`)),
    ...list(removed.map((session) => `${session} goes`)),
    ...list(incomplete.map((session) => `${session} is not complete: no rule counts it`)),
  ];
}
