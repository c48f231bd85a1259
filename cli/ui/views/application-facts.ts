/** What is known of applications: their health, and how it is told where a part of it can't be read. Pure. */
import { UserError } from "../../../shared/errors.ts";
import { backupInvokerView } from "../../../shared/invoker/object.ts";
import { parseSchedule, type Schedule } from "../../../shared/schedule/parse.ts";
import type { ApplicationHealth, Day } from "../../../web/wire/application.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { isPointOf, listPoints } from "../../points/decide.ts";
import { byUrgency, decideHealth, type Health, HealthState } from "../../status/decide-health.ts";
import { applicationKey, type ToldDays } from "../history/told.ts";
import type { WorldView } from "../world.ts";
import type { Query } from "./asked.ts";
import { decideDays } from "./decide-days.ts";
import { knownZone, lastDays } from "./local-days.ts";

/** Where the state would be a guess. */
const UNKNOWN = "Unknown";

/** States that stand whatever sessions and Repositories would tell. */
const CERTAIN: ReadonlySet<string> = new Set([HealthState.Invalid, HealthState.NotReady, HealthState.Stale]);

export interface KnownApplication {
  readonly invoker: BackupInvokerObject;
  readonly health: Health;
  readonly told: ApplicationHealth;
}

/** How one application is. */
export function createKnowing(world: WorldView, nowMs: number): (invoker: BackupInvokerObject) => KnownApplication {
  const integrity = new Map<string, boolean | undefined>(
    world.repositories().map(({ object: { metadata, status } }) => {
      return [`${metadata.namespace}/${metadata.name}`, status?.integrity] as const;
    }),
  );
  const hidden = ["BackupSession", "Repository"].filter((kind) => world.unreadable.has(kind));
  return (invoker) => {
    const { repository } = invoker.spec;
    const place = `${repository?.namespace || invoker.metadata.namespace}/${repository?.name}`;
    const sessions = world.sessions(invoker);
    const health = decideHealth({ invoker, sessions, integrity: integrity.get(place), nowMs });
    return { invoker, health, told: tell(invoker, health, hidden) };
  };
}

/** All, worst first. */
export function knownApplications(world: WorldView, nowMs: number): readonly KnownApplication[] {
  return world
    .invokers()
    .map(createKnowing(world, nowMs))
    .sort((a, b) => rankOf(a) - rankOf(b) || byUrgency(a.health, b.health));
}

/** What is not known stands after what is known to be bad, and before what is known to be good. */
function rankOf({ told, health }: KnownApplication): number {
  const bad = [HealthState.Invalid, HealthState.Damaged, HealthState.NotReady, HealthState.Failing, HealthState.Stale];
  if (told.state === UNKNOWN) return 1;
  return bad.some((state) => state === health.state) ? 0 : 2;
}

function tell(invoker: BackupInvokerObject, health: Health, hidden: readonly string[]): ApplicationHealth {
  const { kind, namespace, name, periodMs, lastRun, nextRun, nextStep, message, state } = health;
  const { lastRecoveryPoint: point, lastProven: proven } = invoker.status ?? {};
  const facts = {
    kind,
    namespace,
    name,
    periodMs,
    nextRun,
    proven: proven && { time: proven.time, recoverySeconds: proven.recoverySeconds },
    point: point?.time === undefined ? undefined : { session: point.session, time: point.time },
  };
  if (hidden.length === 0 || CERTAIN.has(state)) return { ...facts, state, message, next: nextStep, lastRun };
  return {
    ...facts,
    state: UNKNOWN,
    message: `whether it is well is not known: ${hidden.map((one) => `${one}s`).join(" and ")} can't be read`,
    next: "see what is said above about rights",
    lastRun,
  };
}

/** The schedule; undefined where it is paused, empty or can't be read. */
export function scheduleOf(invoker: BackupInvokerObject): Schedule | undefined {
  const { schedule, timeZone, jitterMs, uid, createdAtMs } = backupInvokerView(invoker);
  if (!schedule || invoker.spec.paused === true) return undefined;
  try {
    return parseSchedule({ schedule, timeZone, jitterMs, seed: uid, anchorMs: createdAtMs });
  } catch (thrown) {
    if (thrown instanceof UserError) return undefined;
    throw thrown;
  }
}

/** The application that is asked for with `kind`, `namespace` and `name`, as far as it can be seen. */
export function findInvoker(world: Pick<WorldView, "invokers">, query: Query): BackupInvokerObject | undefined {
  return world.invokers().find(({ kind, metadata }) => {
    return kind === query["kind"] && metadata.namespace === query["namespace"] && metadata.name === query["name"];
  });
}

export interface DaysAsked {
  /** Of whoever looks. */
  readonly zone: string | undefined;
  readonly nowMs: number;
  /** How many. */
  readonly count: number;
  /** By application: what a Prometheus tells. */
  readonly told?: ReadonlyMap<string, ToldDays> | undefined;
}

/** @returns what tells the days of an application */
export function createDays(
  world: WorldView,
  { zone, nowMs, count, told }: DaysAsked,
): (invoker: BackupInvokerObject) => readonly Day[] {
  const days = lastDays(count, knownZone(zone), nowMs);
  const repositories = world.repositories();
  return (invoker) => {
    const { namespace, name, creationTimestamp } = invoker.metadata;
    const own = repositories.filter(({ object }) => object.metadata.namespace === namespace);
    const points = listPoints({ sessions: [], repositories: own, invokers: [invoker] });
    return decideDays({
      days,
      createdMs: Date.parse(creationTimestamp ?? "") || 0,
      sessions: world.unreadable.has("BackupSession") ? undefined : world.sessions(invoker),
      pointTimes: points
        .filter((point) => point.isComplete && point.cluster === undefined && isPointOf(point, invoker))
        .map(({ time }) => Date.parse(time)),
      schedule: scheduleOf(invoker),
      told: told?.get(applicationKey({ kind: invoker.kind, namespace, name })),
      nowMs,
    });
  };
}
