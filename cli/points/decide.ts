/** Recovery points as the objects of the cluster know them. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { pointKey } from "../../shared/snapshots/recovery-points.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isTargetSaved } from "../../shared/status/saved-data.ts";
import type { BackupInvokerObject } from "../objects/invokers.ts";
import { memberName, pointTime, savedBytes } from "../objects/session-facts.ts";

export interface PointMember {
  readonly name: string;
  readonly isSaved: boolean;
  readonly sizeBytes: number;
  readonly snapshots: readonly PointSnapshot[];
}

export interface PointSnapshot {
  readonly host: string;
  readonly path: string;
  readonly id: string;
  readonly sizeBytes: number;
}

export interface Point {
  readonly namespace: string;
  readonly session: string;
  /** RFC 3339: when the session was due or made. */
  readonly time: string;
  /** Name of the batch; undefined where nobody tells. */
  readonly invoker: string | undefined;
  readonly repository: string | undefined;
  readonly isComplete: boolean;
  /** Files that could not be read; undefined where none are known of. */
  readonly unreadableFiles?: number;
  /** Why retention left it; undefined where nobody tells. */
  readonly keptBy?: readonly string[];
  /** Of another cluster, which keeps its points in the same repository; undefined for this one. */
  readonly cluster?: string;
  /** Undefined where only session and time are known. */
  readonly members: readonly PointMember[] | undefined;
  /** Which object told of it. */
  readonly source: "BackupSession" | "Repository" | "Batch";
}

export interface PointSources {
  readonly sessions: readonly BackupSession[];
  /** As the API server sent them: newer fields of the status are read from them. */
  readonly repositories: readonly { readonly raw: unknown; readonly object: Repository }[];
  readonly invokers: readonly BackupInvokerObject[];
}

/** All points, newest first, each once. What a session tells comes before what others know of it. */
export function listPoints({ sessions, repositories, invokers }: PointSources): readonly Point[] {
  const found = [
    ...sessions.flatMap((session) => pointOfSession(session) ?? []),
    ...repositories.flatMap(({ raw, object }) => pointsOfRepository(raw, object, invokers)),
    ...invokers.flatMap((invoker) => pointOfInvoker(invoker) ?? []),
  ];
  const byName = new Map<string, readonly Point[]>();
  for (const point of found) {
    const key = JSON.stringify([pointKey(`${point.namespace}/${point.session}`, point.time), point.cluster]);
    const known = byName.get(key) ?? [];
    const at = known.findIndex(({ invoker }) => isSameInvoker(invoker, point.invoker));
    byName.set(key, at < 0 ? [...known, point] : known.map((one, place) => (place === at ? joined(one, point) : one)));
  }
  return [...byName.values()].flat().sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

/** A name may have been given to sessions of two invokers, one after the other. */
function isSameInvoker(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** What the one lacks the other may tell. */
function joined(known: Point, other: Point): Point {
  const unreadableFiles = known.unreadableFiles ?? other.unreadableFiles;
  const keptBy = known.keptBy ?? other.keptBy;
  return {
    ...known,
    invoker: known.invoker ?? other.invoker,
    ...(unreadableFiles !== undefined && { unreadableFiles }),
    ...(keptBy !== undefined && { keptBy }),
  };
}

/** Points of this cluster; where it has none, those of the others. */
export function ofThisCluster(points: readonly Point[]): readonly Point[] {
  const own = points.filter(({ cluster }) => cluster === undefined);
  return own.length > 0 ? own : points;
}

/** The newest complete one at or before a time, or of all. */
export function newestComplete(points: readonly Point[], atMs = Number.POSITIVE_INFINITY): Point | undefined {
  return points.find(({ isComplete, time }) => isComplete && Date.parse(time) <= atMs);
}

/** A session that has saved something; one that still runs is no point yet. */
export function pointOfSession(session: BackupSession): Point | undefined {
  const { metadata, spec, status } = session;
  const time = pointTime(session);
  if (time === undefined || !isFinalSessionPhase(status?.phase)) return undefined;
  const members = (status?.targets ?? []).map((target): PointMember => {
    const snapshots = (target.stats ?? []).flatMap(({ hostname = "", snapshots: saved = [] }) =>
      saved.map(({ name: id = "", path = "", sizeBytes = 0 }) => ({ host: hostname, path, id, sizeBytes })),
    );
    const isSaved = isTargetSaved(target) && snapshots.length > 0;
    return { name: memberName(target), isSaved, sizeBytes: savedBytes(target), snapshots };
  });
  if (!members.some(({ snapshots }) => snapshots.length > 0)) return undefined;
  const repository = status?.repository;
  return {
    namespace: metadata.namespace,
    session: metadata.name,
    time,
    invoker: spec.invoker?.name,
    repository:
      repository?.name === undefined ? undefined : `${repository.namespace ?? metadata.namespace}/${repository.name}`,
    isComplete: members.every(({ isSaved }) => isSaved),
    ...(status?.unreadableFiles !== undefined && { unreadableFiles: status.unreadableFiles }),
    members,
    source: "BackupSession",
  };
}

function pointsOfRepository(
  raw: unknown,
  { metadata, status }: Repository,
  invokers: readonly BackupInvokerObject[],
): readonly Point[] {
  const { namespace } = metadata;
  const place = {
    namespace,
    invoker: undefined,
    repository: `${namespace}/${metadata.name}`,
    source: "Repository" as const,
  };
  const listed = listAt(raw, "status", "points").flatMap((entry): Point[] => {
    const session = textAt(entry, "session");
    const time = textAt(entry, "time");
    if (session === undefined || time === undefined) return [];
    const slash = session.indexOf("/");
    const own = slash < 0 ? namespace : session.slice(0, slash);
    const point = { ...place, namespace: textAt(entry, "namespace") ?? own, invoker: textAt(entry, "invoker", "name") };
    const invoker = invokers.find(({ kind, metadata: one }) => {
      const isNamed = one.namespace === point.namespace && one.name === point.invoker;
      return isNamed && kind === textAt(entry, "invoker", "kind");
    });
    const members = listAt(entry, "members").map((member) => readMember(member, invoker));
    const unreadableFiles = numberAt(entry, "unreadableFiles");
    const cluster = textAt(entry, "cluster");
    const keptBy = listAt(entry, "keptBy").map(String);
    return [
      {
        ...point,
        session: session.slice(slash + 1),
        time,
        isComplete: valueAt(entry, "complete") === true,
        ...(unreadableFiles !== undefined && { unreadableFiles }),
        ...(keptBy.length > 0 && { keptBy }),
        ...(cluster !== undefined && { cluster }),
        members: members.length === 0 ? undefined : members,
      },
    ];
  });
  const last = status?.lastRecoveryPoint;
  if (last?.session === undefined || last.time === undefined) return listed;
  return [...listed, { ...place, session: last.session, time: last.time, isComplete: true, members: undefined }];
}

/** The repository knows targets; what the invoker calls them it may still tell. */
function readMember(entry: unknown, invoker: BackupInvokerObject | undefined): PointMember {
  const [kind, target] = [textAt(entry, "kind"), textAt(entry, "name")];
  const place = (numberAt(entry, "position") ?? 0) - 1;
  const all = invoker?.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [invoker?.spec];
  const own = all[place]?.target;
  const isSame = own?.ref?.kind === kind && own?.ref?.name === target;
  const name = (isSame ? own?.alias : undefined) ?? textAt(entry, "alias") ?? target ?? textAt(entry, "ref", "name");
  const isSaved = valueAt(entry, "complete") !== false;
  return { name: name ?? "?", isSaved, sizeBytes: numberAt(entry, "sizeBytes") ?? 0, snapshots: [] };
}

function pointOfInvoker({ metadata, spec, status }: BackupInvokerObject): Point | undefined {
  const { session, time } = status?.lastRecoveryPoint ?? {};
  if (session === undefined || time === undefined) return undefined;
  const repository = spec.repository;
  return {
    namespace: metadata.namespace,
    session,
    time,
    invoker: metadata.name,
    repository: repository && `${repository.namespace || metadata.namespace}/${repository.name}`,
    isComplete: true,
    members: undefined,
    source: "Batch",
  };
}

/** Whether a point is one of the batch's. Where nobody tells, the session's name does: the batch's, and a second. */
export function isPointOf(point: Point, { metadata }: Pick<BackupInvokerObject, "metadata">): boolean {
  if (point.namespace !== metadata.namespace) return false;
  if (point.invoker !== undefined) return point.invoker === metadata.name;
  const begin = `${metadata.name}-`;
  return point.session.startsWith(begin) && /^\d{10}$/.test(point.session.slice(begin.length));
}
