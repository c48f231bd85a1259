/**
 * Whether a recovery point is proven, and how long recoveries took. Pure. First match wins:
 *
 * | what is known of the point                              | mark                        |
 * |---------------------------------------------------------|-----------------------------|
 * | a drill restores it now                                 | Running                     |
 * | its newest drill failed                                 | Failed, and by when it was proven before |
 * | a drill proved it: one that is kept, or its Repository says so | Proven               |
 * | drills can't be read                                    | Unknown                     |
 * | nothing                                                 | None                        |
 */
import type { BackupVerificationSession } from "../../../shared/api/backup-verification-session.ts";
import type { Proven } from "../../../shared/api/recovery-point.ts";
import { parseDuration } from "../../../shared/duration.ts";
import { UserError } from "../../../shared/errors.ts";
import { groupBy } from "../../../shared/group-by.ts";
import { pointKey } from "../../../shared/snapshots/recovery-points.ts";
import type { PointProof } from "../../../web/wire/lists.ts";
import type { Recoveries } from "../../../web/wire/run.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { isPointOf, type Point } from "../../points/decide.ts";
import { hasDrillEnded } from "../../proof/drills.ts";
import type { ToldRecovery } from "../history/told.ts";
import type { WorldView } from "../world.ts";

/** What the status of a drill or a Repository calls a point. */
interface PlacedPoint {
  readonly namespace: string;
  readonly session?: string | undefined;
  readonly time?: string | undefined;
  readonly cluster?: string | undefined;
}

const keyOf = ({ namespace, session, time, cluster }: PlacedPoint) =>
  JSON.stringify([pointKey(`${namespace}/${session}`, time ?? ""), cluster]);

/** @returns what tells the proof of a point */
export function createProofs(world: WorldView): (point: Point) => PointProof {
  const proven = new Map<string, Proven>();
  for (const { object } of world.repositories()) {
    for (const point of object.status?.points ?? []) {
      const place = { ...point, namespace: point.namespace ?? object.metadata.namespace };
      if (point.proven !== undefined) proven.set(keyOf(place), point.proven);
    }
  }
  const drills = groupBy(world.drills(), ({ metadata, status }) =>
    keyOf({ ...status?.point, namespace: status?.point?.namespace ?? metadata.namespace }),
  );
  const isKnown = !world.unreadable.has("BackupVerificationSession");
  return (point) => {
    const [newest, ...earlier] = (drills.get(keyOf(point)) ?? []).filter(
      ({ status }) => status?.phase !== "Skipped" && status?.phase !== undefined,
    );
    const all = newest === undefined ? [] : [newest, ...earlier];
    const good = all.find(({ status }) => status?.phase === "Succeeded");
    const before = good === undefined ? proven.get(keyOf(point)) : provenBy(good);
    const told = before && {
      by: before.by,
      time: before.time,
      recoverySeconds: before.recoverySeconds,
      summary: before.summary,
    };
    if (newest !== undefined && !hasDrillEnded(newest)) {
      return { state: "Running", by: newest.metadata.name, isKept: true, before: told };
    }
    if (newest?.status?.phase === "Failed") {
      const { reason, message } = newest.status;
      return { state: "Failed", by: newest.metadata.name, isKept: true, code: reason, message, before: told };
    }
    if (before !== undefined) {
      const isKept = all.some(({ metadata }) => metadata.name === before.by);
      return { ...told, state: "Proven", by: before.by, isKept };
    }
    return { state: isKnown ? "None" : "Unknown" };
  };
}

function provenBy({ metadata, status }: BackupVerificationSession): Proven {
  return {
    by: metadata.name,
    time: status?.completionTime ?? metadata.creationTimestamp ?? "",
    ...(status?.recoverySeconds !== undefined && { recoverySeconds: status.recoverySeconds }),
    ...(status?.message !== undefined && { summary: status.message }),
  };
}

/** Drills of an application, newest first: a verifier may be gone, or be another's by now. */
export function drillsOf(world: WorldView, { kind, metadata }: BackupInvokerObject) {
  const verifiers = new Set(verifiersOf(world, { kind, metadata }).map((one) => one.metadata.name));
  return world.drills().filter(({ metadata: { namespace }, spec, status }) => {
    if (namespace !== metadata.namespace) return false;
    if (status?.invoker === undefined) return verifiers.has(spec.verifier);
    return status.invoker.kind === kind && status.invoker.name === metadata.name;
  });
}

function verifiersOf(world: WorldView, { kind, metadata }: Pick<BackupInvokerObject, "kind" | "metadata">) {
  return world
    .verifiers()
    .filter(
      ({ metadata: { namespace }, spec: { invoker } }) =>
        namespace === metadata.namespace && invoker.kind === kind && invoker.name === metadata.name,
    );
}

/** How long each recovery took that a drill made, oldest first, as far as drills are kept, points tell of them and a Prometheus does. */
export function decideRecoveries(
  world: WorldView,
  invoker: BackupInvokerObject,
  points: readonly Point[],
  older?: ReadonlyMap<string, readonly ToldRecovery[]>,
): Recoveries {
  const found = new Map<string, Recoveries["rows"][number]>();
  const add = (proven: Proven, session: string | undefined) => {
    if (proven.recoverySeconds === undefined) return;
    found.set(proven.by, { drill: proven.by, session, time: proven.time, seconds: proven.recoverySeconds });
  };
  const own = new Set(points.filter((point) => isPointOf(point, invoker)).map(keyOf));
  for (const { object } of world.repositories()) {
    for (const point of object.status?.points ?? []) {
      const place = { ...point, namespace: point.namespace ?? object.metadata.namespace };
      if (point.proven !== undefined && own.has(keyOf(place))) add(point.proven, point.session);
    }
  }
  for (const drill of drillsOf(world, invoker)) {
    if (drill.status?.phase === "Succeeded") add(provenBy(drill), drill.status.point?.session);
  }
  const verifiers = verifiersOf(world, invoker);
  const known = new Set([...found.values()].map(({ time }) => Math.floor(Date.parse(time) / 1_000)));
  // What objects tell of a drill is more than what Prometheus does.
  const rest = verifiers
    .flatMap(({ metadata }) => older?.get(`${metadata.namespace}/${metadata.name}`) ?? [])
    .filter(({ atMs }) => !known.has(Math.floor(atMs / 1_000)))
    .map(({ atMs, seconds }) => ({ time: new Date(atMs).toISOString(), seconds }));
  const limits = verifiers.flatMap(({ spec }) => secondsOf(spec.maxRecoveryTime) ?? []);
  return {
    isVerified: verifiers.length > 0,
    limitSeconds: limits.length === 0 ? undefined : Math.min(...limits),
    rows: [...found.values(), ...rest].sort((a, b) => Date.parse(a.time) - Date.parse(b.time)),
  };
}

/** What can't be read is no limit. */
export function secondsOf(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  try {
    return parseDuration(duration, "maxRecoveryTime") / 1_000;
  } catch (thrown) {
    if (thrown instanceof UserError) return undefined;
    throw thrown;
  }
}
