/** Recovery points as the objects of the cluster know them. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/kube/json-value.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
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
    ...repositories.flatMap(({ raw, object }) => pointsOfRepository(raw, object)),
    ...invokers.flatMap((invoker) => pointOfInvoker(invoker) ?? []),
  ];
  const byName = new Map<string, Point>();
  for (const point of found) {
    const key = pointKey(point);
    const known = byName.get(key);
    byName.set(key, known === undefined ? point : { ...known, invoker: known.invoker ?? point.invoker });
  }
  return [...byName.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

/** A session that was deleted and made anew under its name has another time. */
export function pointKey({ namespace, session, time }: Pick<Point, "namespace" | "session" | "time">): string {
  return `${namespace}/${session} ${Date.parse(time)}`;
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
    const isSaved = target.phase === "Succeeded" && snapshots.length > 0;
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
    members,
    source: "BackupSession",
  };
}

function pointsOfRepository(raw: unknown, { metadata, status }: Repository): readonly Point[] {
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
    const members = listAt(entry, "members").map((member) => readMember(member));
    return [
      {
        ...place,
        namespace: textAt(entry, "namespace") ?? own,
        session: session.slice(slash + 1),
        time,
        isComplete: valueAt(entry, "complete") === true,
        members: members.length === 0 ? undefined : members,
      },
    ];
  });
  const last = status?.lastRecoveryPoint;
  if (last?.session === undefined || last.time === undefined) return listed;
  return [...listed, { ...place, session: last.session, time: last.time, isComplete: true, members: undefined }];
}

function readMember(entry: unknown): PointMember {
  const name = textAt(entry, "alias") ?? textAt(entry, "name") ?? textAt(entry, "ref", "name") ?? "?";
  const isSaved = valueAt(entry, "complete") !== false;
  return { name, isSaved, sizeBytes: numberAt(entry, "sizeBytes") ?? 0, snapshots: [] };
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
