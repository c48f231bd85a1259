/**
 * How a drill begins. Pure.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | another drill of the same invoker is at work, or was there first | wait for it |
 * | 2 | the invoker is gone, has another driver, or its Repository is not to be had | it fails |
 * | 3 | no recovery point can be taken, or it can't be restored beside the application | it fails; skipped where there is none yet |
 * | 4 | otherwise | its volumes are planned; begin-drill.ts plans servers for databases, asks whether there is room, and writes down that it begins |
 */
import { Driver } from "../../shared/contract.ts";
import { type ErrorCode, formatUserError, UserError } from "../../shared/errors.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { DrillDecision } from "./decision.ts";
import { drillNameOf } from "./objects.ts";
import { planVolumes } from "./plan.ts";
import { chooseDrillPoint, type DrillPoint } from "./point.ts";
import { firstMembers } from "./results.ts";
import { type DrillDatabase, databasesOf, requireDatabases } from "./servers.ts";
import { type DrillStatus, ended, ending, withConditions } from "./status.ts";
import type { DrillView } from "./view.ts";

export function begin(view: DrillView, timeOutMs: number, now: Date): DrillDecision {
  const { drill, earlier } = view;
  if (earlier !== undefined) return told(view, `drill ${earlier} of the same invoker comes first`, now);
  try {
    return { kind: "begin", ...planned(view, timeOutMs, now) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "tell", status: notBegun(drill, error, now) };
  }
}

/** How a drill ends that can't begin. */
export function notBegun(drill: DrillView["drill"], error: UserError, now: Date): DrillStatus {
  // Who has no backup yet has nothing to be alarmed about by a drill.
  const isEarly = error.code === "RECOVERY_POINT_NOT_FOUND" && drill.spec.session === undefined;
  const words = { reason: error.code, message: formatUserError(error) };
  const status = ending(drill.status ?? {}, isSkip(error.code) || isEarly ? "Skipped" : "Failed", words, now);
  return withConditions(ended(status, now), drill, now);
}

function isSkip(code: ErrorCode): boolean {
  return code === "DRILL_NO_ROOM";
}

function told({ drill }: DrillView, message: string, now: Date): DrillDecision {
  const status: DrillStatus = { ...drill.status, phase: "Pending", step: "Pending", message };
  return drill.status?.message === message
    ? { kind: "wait", why: message, requeueAfterMs: 10_000 }
    : { kind: "tell", status: withConditions(status, drill, now) };
}

interface Planned {
  readonly status: DrillStatus;
  readonly databases: readonly DrillDatabase[];
}

function planned(view: DrillView, timeOutMs: number, now: Date): Planned {
  const { drill, verifier, invoker, repository, sessions } = view;
  const { invoker: named } = verifier?.spec ?? {};
  if (verifier === undefined || invoker === undefined || named === undefined) {
    throw new UserError("NOT_FOUND", `${named?.kind} ${drill.metadata.namespace}/${named?.name} does not exist`);
  }
  if (invoker.driver !== Driver.Restic) {
    throw new UserError("DRILL_NOT_POSSIBLE", `${named.kind} ${named.name} has the driver ${invoker.driver}`);
  }
  if (repository === undefined) {
    throw new UserError(
      "NOT_FOUND",
      "the Repository of the invoker does not exist, or its usagePolicy does not allow this namespace",
    );
  }
  const point = chooseDrillPoint({ verifier: verifier.spec, drill, sessions, now });
  const volumes = planVolumes(drillNameOf(drill), point, invoker, verifier.spec.storage);
  const databases = databasesOf(point, drill.metadata.namespace);
  requireDatabases(verifier.spec, databases);
  if (volumes.length === 0 && databases.length === 0) {
    throw new UserError("DRILL_NOT_POSSIBLE", `recovery point ${point.session} holds neither files nor databases`);
  }
  const { message: _, ...status } = drill.status ?? {};
  const first: DrillStatus = {
    ...status,
    phase: "Running",
    step: databases.length > 0 ? "Starting" : "Restoring",
    invoker: named,
    startTime: formatTime(now),
    stepStartTime: formatTime(now),
    deadline: formatTime(new Date(now.getTime() + timeOutMs)),
    restoreStartTime: formatTime(now),
    point: toChosen(point, drill.metadata.namespace),
    pointAgeSeconds: Math.max(0, Math.round((now.getTime() - Date.parse(point.time)) / 1_000)),
    volumes,
    members: firstMembers(point),
  };
  return { status: withConditions(first, drill, now), databases };
}

function toChosen({ session, time, targets }: DrillPoint, namespace: string): NonNullable<DrillStatus["point"]> {
  return {
    namespace,
    session,
    time,
    snapshots: targets.flatMap(({ ref: { kind, name, namespace: at }, hosts }) =>
      hosts.flatMap(({ hostname, snapshots }) =>
        snapshots.map(({ id, path }) => ({
          target: { kind, name, namespace: at },
          hostname,
          path,
          id,
          hosts: hosts.length,
        })),
      ),
    ),
  };
}
