/**
 * Recovery points as a Repository's status lists them: each session's snapshots, with what is missing and why they are kept. Pure;
 * the agent that lists the repository reads them, and the reconciler puts them together.
 */

import type { KeptBy } from "../api/closed-lists.ts";
import { type ListedMember, type ListedPoint, MAX_LISTED_POINTS } from "../api/recovery-point.ts";
import { SnapshotTag } from "../contract.ts";
import { groupBy } from "../group-by.ts";
import type { ListedSnapshot } from "../target/restore-rules.ts";
import type { SessionSnapshots } from "./of-session.ts";
import { isCompletePoint, type PointPart, partsOfPoint, wholeSnapshots } from "./point-parts.ts";
import { groupBySession, newestOfEach, pointKey, readTagged, timeOf } from "./recovery-points.ts";
import { clusterOf, tagValue } from "./tags.ts";

/** A snapshot, with its size where restic wrote that down. */
export interface SizedSnapshot extends ListedSnapshot {
  readonly sizeBytes?: number;
}

type Placed = SizedSnapshot & NonNullable<ReturnType<typeof readTagged>>;

/** Names of more than a name's length are none of ours. */
const MAX_NAME = 253;
const MAX_NAMESPACE = 63;
const MAX_MEMBERS = 1_000;

/** A whole number that every program reads alike. What others wrote may be more than that. */
export function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value !== undefined && value >= 0;
}

/** Undefined where one of them has none. */
function sumOf(sizes: readonly (number | undefined)[]): number | undefined {
  const sum = sizes.reduce<number>((total, size) => total + (size ?? Number.NaN), 0);
  return isCount(sum) ? sum : undefined;
}

/** Hosts are named after the alias: `db` or `db-0`. Those of a DaemonSet after their nodes, which tells nothing. */
function aliasOf(kind: string, hostname: string): string | undefined {
  if (kind === "DaemonSet") return undefined;
  const name = kind === "StatefulSet" ? hostname.replace(/-\d+$/, "") : hostname;
  return name === "host" || name === "host-0" ? undefined : name;
}

function memberOf({ snapshots, place, hosts, isWhole }: PointPart<Placed>): readonly ListedMember[] {
  const [first] = snapshots;
  if (first === undefined) return [];
  const { kind, name } = first.target;
  const alias = aliasOf(kind, first.hostname);
  const sizeBytes = sumOf(snapshots.map((snapshot) => snapshot.sizeBytes));
  return [
    {
      ...(isCount(place?.member) && { position: place.member }),
      ...(alias !== undefined && { alias: alias.slice(0, MAX_NAME) }),
      kind: kind.slice(0, MAX_NAME),
      name: name.slice(0, MAX_NAME),
      // What tags don't tell is not known to be whole.
      complete: isWhole && hosts !== undefined && hosts > 0,
      hosts: new Set(snapshots.map(({ hostname }) => hostname)).size,
      ...(sizeBytes !== undefined && { sizeBytes }),
    },
  ];
}

/** Files that were not read, in all snapshots: also in those that are not whole for that. */
function unreadableIn(snapshots: readonly SizedSnapshot[]): number {
  const counts = snapshots.map((snapshot) => Number(tagValue(snapshot, SnapshotTag.Unreadable) ?? 0));
  return counts.filter(isCount).reduce((sum, count) => sum + count, 0);
}

/** RFC 3339 as the API server reads it, which knows years of four digits. */
function listedTime(session: string, snapshots: readonly SizedSnapshot[]): string | undefined {
  const text = new Date(timeOf(session, snapshots)).toISOString();
  return /^\d{4}-/.test(text) ? text : undefined;
}

/** @returns undefined where nothing whole is left of the session, or its tags are none that we write */
function readPoint({ session: key, snapshots }: SessionSnapshots<SizedSnapshot>): ListedPoint | undefined {
  const slash = key.indexOf("/");
  const namespace = key.slice(0, Math.max(0, slash));
  const session = key.slice(slash + 1);
  const whole = newestOfEach(wholeSnapshots(snapshots).flatMap((snapshot) => readTagged(snapshot) ?? []));
  const [first] = whole;
  const time = listedTime(session, snapshots);
  const isNamed = session !== "" && session.length <= MAX_NAME && namespace.length <= MAX_NAMESPACE;
  if (first === undefined || time === undefined || !isNamed) return undefined;
  const parts = partsOfPoint(whole);
  const members = parts.flatMap(memberOf).sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  const wanted = parts.reduce((most, { place }) => Math.max(most, place?.members ?? 0), 0);
  const unreadable = unreadableIn(snapshots);
  const sizeBytes = sumOf(members.map((member) => member.sizeBytes));
  const [kind, , name] = tagValue(first, SnapshotTag.Invoker)?.split("/") ?? [];
  const cluster = snapshots.map(clusterOf).find((one) => one !== undefined);
  return {
    ...(namespace !== "" && { namespace }),
    session,
    ...(kind && name && { invoker: { kind: kind.slice(0, MAX_NAME), name: name.slice(0, MAX_NAME) } }),
    ...(cluster !== undefined && { cluster: cluster.slice(0, MAX_NAME) }),
    time,
    complete: isCompletePoint(whole),
    ...(wanted > 0 && isCount(wanted) && { memberCount: wanted }),
    members: members.slice(0, MAX_MEMBERS),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(unreadable > 0 && { unreadableFiles: unreadable }),
  };
}

/** Whose point it is: of one session's name there may be points of several invokers and clusters. */
export function invokerKey({ namespace = "", invoker, cluster = "" }: Omit<ListedPoint, "time">): string {
  return JSON.stringify([cluster, namespace, invoker?.kind ?? "", invoker?.name ?? ""]);
}

function textOf(point: ListedPoint): string {
  return JSON.stringify([point.session, invokerKey(point)]);
}

/** Newest first; of those of one time the order is always the same. */
function byAge(a: ListedPoint, b: ListedPoint): number {
  return Date.parse(b.time) - Date.parse(a.time) || (textOf(a) < textOf(b) ? 1 : -1);
}

/**
 * All recovery points that snapshots make up, newest first. Snapshots that are not whole count as missing; a session of which nothing
 * else is left is no point.
 *
 * @param keptBy why retention leaves a point, by its key; undefined where it was not asked
 */
export function listPoints(
  snapshots: readonly SizedSnapshot[],
  keptBy?: ReadonlyMap<string, readonly KeptBy[]>,
): readonly ListedPoint[] {
  const byInvoker = groupBy(snapshots, (snapshot) => {
    return tagValue(snapshot, SnapshotTag.Invoker)?.split("/").slice(0, 3).join("/");
  });
  return [...byInvoker.values()]
    .flatMap((own) => groupBySession(own))
    .flatMap((session) => {
      const point = readPoint(session);
      if (point === undefined) return [];
      const reasons = keptBy?.get(pointKey(session.session, point.time));
      return [{ ...point, ...(reasons !== undefined && { keptBy: reasons }) }];
    })
    .sort(byAge);
}

/**
 * As many points as are listed: of several invokers each has its newest ones in it, however often another makes some.
 *
 * @returns newest first
 */
export function newestPoints(points: readonly ListedPoint[]): readonly ListedPoint[] {
  const ranks = new Map<string, number>();
  const ranked = [...points].sort(byAge).map((point) => {
    const rank = ranks.get(invokerKey(point)) ?? 0;
    ranks.set(invokerKey(point), rank + 1);
    return { point, rank };
  });
  const taken = ranked.sort((a, b) => a.rank - b.rank || byAge(a.point, b.point)).slice(0, MAX_LISTED_POINTS);
  return taken.map(({ point }) => point).sort(byAge);
}

/**
 * The points with no more text than there is room for: first the oldest ones lose their members, then they go.
 *
 * @param points newest first
 * @param maxLength of all of them as JSON, in bytes
 */
export function boundPoints(points: readonly ListedPoint[], maxLength: number): readonly ListedPoint[] {
  const lengthOf = (point: ListedPoint) => Buffer.byteLength(JSON.stringify(point)) + 1;
  let left = maxLength - points.reduce((sum, { members: _members, ...point }) => sum + lengthOf(point), 2);
  let isFull = false;
  const listed = points.map((point): ListedPoint => {
    const { members: _members, ...short } = point;
    const more = lengthOf(point) - lengthOf(short);
    isFull ||= more > left;
    if (isFull) return short;
    left -= more;
    return point;
  });
  let room = maxLength - 2;
  const end = listed.findIndex((point) => {
    room -= lengthOf(point);
    return room < 0;
  });
  return end < 0 ? listed : listed.slice(0, end);
}
