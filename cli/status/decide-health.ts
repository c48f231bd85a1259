/** How well an application is backed up. Pure. */
import { decideStaleness } from "../../reconciler/health/decide.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Condition } from "../../shared/api/condition.ts";
import { assertNever } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isConditionFalse } from "../../shared/status/conditions.ts";
import type { BackupInvokerObject } from "../objects/invokers.ts";
import { type Failure, failureOf, nextStepOf } from "../objects/session-facts.ts";

export interface HealthView {
  readonly invoker: BackupInvokerObject;
  /** Its runs, newest first. */
  readonly sessions: readonly BackupSession[];
  /** Of its Repository; undefined where nobody checked, or where it can't be read. */
  readonly integrity: boolean | undefined;
  readonly nowMs: number;
}

/** Worst first. */
export const HealthState = {
  Invalid: "Invalid",
  Damaged: "Damaged",
  NotReady: "NotReady",
  Failing: "Failing",
  Stale: "Stale",
  NoPoint: "NoPoint",
  Paused: "Paused",
  Running: "Running",
  Good: "Good",
} as const;
export type HealthState = (typeof HealthState)[keyof typeof HealthState];

const RANKS: readonly HealthState[] = Object.values(HealthState);

export interface Health {
  readonly kind: BackupInvokerObject["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly state: HealthState;
  /** Of the newest complete point; undefined when there never was one. */
  readonly pointAgeMs: number | undefined;
  readonly point: string | undefined;
  /** Longest time between two of the next runs. */
  readonly periodMs: number | undefined;
  readonly lastRun: { readonly session: string; readonly phase: string; readonly code: string | undefined } | undefined;
  readonly nextRun: string | undefined;
  readonly message: string | undefined;
  readonly nextStep: string | undefined;
}

interface Facts extends HealthView {
  readonly newest: BackupSession | undefined;
  readonly lastEnded: BackupSession | undefined;
  readonly hasPoint: boolean;
}

const RULES: readonly (readonly [HealthState, (facts: Facts) => boolean])[] = [
  ["Invalid", ({ invoker }) => invoker.status?.phase === "Invalid"],
  ["Damaged", ({ integrity }) => integrity === false],
  ["NotReady", ({ invoker }) => invoker.status?.phase !== "Ready"],
  ["Failing", ({ lastEnded }) => lastEnded?.status?.phase === "Failed"],
  ["Stale", ({ invoker, nowMs }) => decideStaleness(invoker, new Date(nowMs)).kind === "stale"],
  ["Paused", ({ invoker }) => invoker.spec.paused === true],
  ["Running", ({ newest }) => newest !== undefined && !isFinalSessionPhase(newest.status?.phase)],
  ["NoPoint", ({ hasPoint }) => !hasPoint],
  ["Good", () => true],
];

export function decideHealth(view: HealthView): Health {
  const { invoker, sessions, nowMs } = view;
  const { status, metadata, spec } = invoker;
  const point = status?.lastRecoveryPoint;
  const pointMs = Date.parse(point?.time ?? "");
  const hasPoint = !Number.isNaN(pointMs);
  const lastEnded = sessions.find((session) => {
    return isFinalSessionPhase(session.status?.phase) && session.status?.phase !== "Skipped";
  });
  const facts: Facts = { ...view, newest: sessions[0], lastEnded, hasPoint };
  const state = RULES.find(([, holds]) => holds(facts))?.[0] ?? HealthState.Good;
  const [last] = sessions;
  const failure = last === undefined ? undefined : failureOf(last);
  return {
    kind: invoker.kind,
    namespace: metadata.namespace,
    name: metadata.name,
    state,
    pointAgeMs: hasPoint ? Math.max(0, nowMs - pointMs) : undefined,
    point: point?.session,
    periodMs: periodOf(status?.nextRuns ?? []),
    lastRun: last && { session: last.metadata.name, phase: last.status?.phase ?? "Pending", code: failure?.code },
    nextRun: spec.paused === true ? undefined : status?.nextRuns?.[0],
    ...adviseOn(state, facts, lastEnded === undefined ? failure : failureOf(lastEnded)),
  };
}

function periodOf(nextRuns: readonly string[]): number | undefined {
  const times = nextRuns.map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  return gaps.length === 0 ? undefined : Math.max(...gaps);
}

type Advice = Pick<Health, "message" | "nextStep">;

/** What is said of a state, and what to do. Nothing where all is well. */
function adviseOn(state: HealthState, { invoker }: Facts, failure: Failure | undefined): Advice {
  const { kind, metadata, status } = invoker;
  const name = `${kind.toLowerCase()}/${metadata.name}`;
  const describe = `kubectl -n ${metadata.namespace} describe ${name}`;
  switch (state) {
    case "Invalid":
    case "NotReady":
      return { message: badCondition(status?.conditions), nextStep: `see its conditions: ${describe}` };
    case "Damaged":
      return { message: "a check found the repository damaged", nextStep: nextStepOf(damaged) };
    case "Failing": {
      const told = failure === undefined ? undefined : [failure.member, failure.message].filter(Boolean).join(": ");
      return { message: told, nextStep: nextStepOf(failure) ?? "see the last session: describe session" };
    }
    case "Stale":
      return {
        message: failure?.message ?? "no run has made a complete recovery point for two periods",
        nextStep: nextStepOf(failure) ?? "see that the reconciler runs: doctor",
      };
    case "NoPoint":
      return {
        message: failure?.message ?? "it was never backed up",
        nextStep: `back it up now: trigger ${metadata.name}`,
      };
    case "Paused":
      return { message: "its schedule is paused", nextStep: `resume ${metadata.name}` };
    case "Running":
    case "Good":
      return { message: undefined, nextStep: undefined };
    default:
      return assertNever(state);
  }
}

const damaged: Failure = { code: "REPOSITORY_DAMAGED", member: undefined, message: "" };

const NEEDED = [
  ConditionType.ValidationPassed,
  ConditionType.RepositoryFound,
  ConditionType.BackendSecretFound,
  ConditionType.BackupTargetFound,
  ConditionType.StashSidecarInjected,
] as const;

function badCondition(conditions: readonly Condition[] | undefined): string {
  const type = NEEDED.find((one) => isConditionFalse(conditions, one));
  const found = conditions?.find((condition) => condition.type === type);
  return found?.message ?? found?.reason ?? "it has not been looked at yet";
}

/** Worst first; among equals the one whose point is oldest, measured by its period. */
export function byUrgency(a: Health, b: Health): number {
  return (
    RANKS.indexOf(a.state) - RANKS.indexOf(b.state) ||
    lateness(b) - lateness(a) ||
    `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`)
  );
}

/** As finite numbers, so that two that never were backed up are alike. */
function lateness({ pointAgeMs, periodMs }: Health): number {
  if (pointAgeMs === undefined) return Number.MAX_SAFE_INTEGER;
  return pointAgeMs / (periodMs ?? 86_400_000);
}
