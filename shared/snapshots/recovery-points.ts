/**
 * Recovery points as the repository itself knows them: all snapshots that carry the tags of one session. Pure; the agent that
 * looks finds candidates with it, and the reconciler chooses among them.
 */

import { SnapshotTag } from "../contract.ts";
import { groupBy } from "../group-by.ts";
import { EMPTY_TARGET_KIND, type ResolvedTargetRef, targetKey } from "../target/ref.ts";
import type { ListedSnapshot, RestoreRule } from "../target/restore-rules.ts";
import { bySession, type SessionSnapshots, taggedTimeMs, targetOf } from "./of-session.ts";
import { partsOfPoint, pathsTag, wholeSnapshots } from "./point-parts.ts";
import { clusterOf, tagValue } from "./tags.ts";

export interface PointSnapshot {
  readonly target: Pick<ResolvedTargetRef, "kind" | "name" | "namespace">;
  readonly hostname: string;
  readonly path: string;
  /** Full id. */
  readonly id: string;
  /** How many hosts the target had; undefined where older tags don't tell. */
  readonly hosts?: number;
  /** How many paths its host had; undefined for one, and where older tags don't tell. */
  readonly paths?: number;
}

export interface RepositoryPoint {
  /** uid of the kube-system of the cluster that made it; undefined where older tags don't tell. */
  readonly cluster?: string;
  /** Of the session. */
  readonly namespace: string;
  readonly session: string;
  /** When the session was due or made; of an older snapshot the second in its name, else when it was taken. ISO 8601. */
  readonly time: string;
  readonly snapshots: readonly PointSnapshot[];
  /** Files that its snapshots lack since they could not be read; undefined when there are none. */
  readonly unreadableFiles?: number;
}

/** A member of a restore, as far as finding its data goes. */
export interface WantedMember {
  readonly alias: string | undefined;
  readonly ref: ResolvedTargetRef;
  readonly target: { readonly rules?: readonly RestoreRule[] };
}

export interface WantedPoint {
  /** `NAME`, or `NAMESPACE/NAME`. */
  readonly session: string | undefined;
  readonly asOfMs: number | undefined;
  readonly members: readonly WantedMember[];
}

/** Scheduled sessions end in the unix second of their due time. */
function secondOfName(session: string, invoker: string | undefined): number | undefined {
  const name = invoker?.split("/")[2];
  const seconds = /-(\d{10})$/.exec(session)?.[1];
  return name !== undefined && seconds !== undefined && session === `${name}-${seconds}` ? Number(seconds) : undefined;
}

/** When the session of the snapshots was due or made. ISO 8601. */
export function timeOf(session: string, snapshots: readonly Pick<ListedSnapshot, "time" | "tags">[]): string {
  const [first] = snapshots;
  const timed = snapshots.find((snapshot) => taggedTimeMs(snapshot) !== undefined);
  const tagged = timed && tagValue(timed, SnapshotTag.Time);
  if (tagged !== undefined) return tagged;
  const seconds = first && secondOfName(session, tagValue(first, SnapshotTag.Invoker));
  const ms =
    seconds === undefined
      ? snapshots.reduce((oldest, { time }) => Math.min(oldest, Date.parse(time)), Number.POSITIVE_INFINITY)
      : seconds * 1_000;
  return new Date(ms).toISOString();
}

type PlacedSnapshot = Pick<PointSnapshot, "target" | "hostname" | "path"> & Pick<ListedSnapshot, "time">;

interface Tagged extends ListedSnapshot {
  readonly target: PointSnapshot["target"];
  readonly path: string;
}

/** The snapshot with what its tags name; undefined where they name no target. */
export function readTagged<Snapshot extends ListedSnapshot>(snapshot: Snapshot): (Snapshot & Tagged) | undefined {
  const [kind, namespace, name] = tagValue(snapshot, SnapshotTag.Target)?.split("/") ?? [];
  if (!kind || !namespace || !name) return undefined;
  return { ...snapshot, target: { kind, namespace, name }, path: snapshot.paths.join(",") };
}

/** Newest of each host and path: a backup that was cut short and begun again may have left two. */
export function newestOfEach<Snapshot extends PlacedSnapshot>(found: readonly Snapshot[]): readonly Snapshot[] {
  const byPlace = new Map<string, Snapshot>();
  for (const one of found) {
    const key = JSON.stringify([targetKey(one.target), one.hostname, one.path]);
    const known = byPlace.get(key);
    if (known === undefined || Date.parse(known.time) <= Date.parse(one.time)) byPlace.set(key, one);
  }
  return [...byPlace.values()];
}

function readPoint(key: string, members: readonly ListedSnapshot[]): RepositoryPoint {
  const slash = key.indexOf("/");
  const session = key.slice(slash + 1);
  const found = newestOfEach(members.flatMap((snapshot) => readTagged(snapshot) ?? []));
  const parts = partsOfPoint(found).filter(({ isWhole }) => isWhole);
  const snapshots = parts.flatMap((part) => part.snapshots.map((snapshot) => ({ snapshot, hosts: part.hosts })));
  const unreadable = snapshots.reduce(
    (sum, { snapshot }) => sum + (Number(tagValue(snapshot, SnapshotTag.Unreadable)) || 0),
    0,
  );
  const cluster = members.map(clusterOf).find((one) => one !== undefined);
  return {
    ...(cluster !== undefined && { cluster }),
    namespace: key.slice(0, Math.max(0, slash)),
    session,
    time: timeOf(session, members),
    snapshots: snapshots.map(({ snapshot, hosts }) => {
      const { target, hostname, path, id } = snapshot;
      const paths = pathsTag(snapshot) ?? 1;
      return { target, hostname, path, id, ...(hosts !== undefined && { hosts }), ...(paths > 1 && { paths }) };
    }),
    ...(unreadable > 0 && { unreadableFiles: unreadable }),
  };
}

/**
 * The snapshots of one session, apart by the cluster that made them: two clusters may have sessions of the same name. Those that
 * name no cluster belong to the only one there is, as far as that has nothing of their target: an agent of an older version made them.
 */
function ofEachCluster<Snapshot extends ListedSnapshot>(
  snapshots: readonly Snapshot[],
): readonly (readonly Snapshot[])[] {
  const groups = groupBy(snapshots, clusterOf);
  const unnamed = groups.get(undefined);
  const [first, ...others] = [...groups].flatMap(([cluster, group]) => (cluster === undefined ? [] : [group]));
  if (first === undefined || others.length > 0 || unnamed === undefined) return [...groups.values()];
  const targets = new Set(first.map(targetOf));
  return [[...unnamed.filter((snapshot) => !targets.has(targetOf(snapshot))), ...first]];
}

/** The snapshots of each session, those of another cluster apart. What has no session is left out. */
export function groupBySession<Snapshot extends ListedSnapshot>(
  snapshots: readonly Snapshot[],
): readonly SessionSnapshots<Snapshot>[] {
  return bySession(snapshots).flatMap(({ session, snapshots: all }) =>
    ofEachCluster(all).map((own) => ({ session, snapshots: own })),
  );
}

/** Key of a recovery point: a session that was deleted and made anew under its name has another time. @param session NAMESPACE/NAME */
export function pointKey(session: string, time: string): string {
  return `${session} ${Date.parse(time)}`;
}

/** All recovery points of a repository, newest first. Data that is not whole is left out. */
export function readRecoveryPoints(snapshots: readonly ListedSnapshot[]): readonly RepositoryPoint[] {
  const points = groupBySession(wholeSnapshots(snapshots)).map(({ session, snapshots: own }) =>
    readPoint(session, own),
  );
  return points.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
}

/** Whether a point has data for a member: of its own target, or of a host that its rules or its alias name. */
export function holdsMember(point: Pick<RepositoryPoint, "snapshots">, member: WantedMember): boolean {
  const { alias, ref, target } = member;
  // Claims that belong to nothing yet: their hosts' names alone tell.
  if (ref.kind === EMPTY_TARGET_KIND && alias === undefined) return point.snapshots.length > 0;
  const sources = (target.rules ?? []).flatMap(({ sourceHost }) => (sourceHost ? [sourceHost] : []));
  return point.snapshots.some(
    ({ target: saved, hostname }) =>
      (saved.kind === ref.kind && saved.name === ref.name) ||
      sources.includes(hostname) ||
      (alias !== undefined && (hostname === alias || hostname.startsWith(`${alias}-`))),
  );
}

/** Whether a point is the one that `spec.session` names. */
export function isNamed(point: RepositoryPoint, session: string): boolean {
  return session === point.session || session === `${point.namespace}/${point.session}`;
}

/** As many points are told to choose from. */
const MAX_CANDIDATES = 10;
/** About 200 bytes each, in an object that may have 1.5 MB. */
const MAX_SNAPSHOTS = 2_000;

/**
 * Points that a restore may take, few enough for a status: those that are named; and of those that hold all members the
 * newest of each namespace and cluster in question, before those that are too young to be taken, which are told for people.
 */
export function selectCandidates(
  points: readonly RepositoryPoint[],
  { session, asOfMs, members }: WantedPoint,
): readonly RepositoryPoint[] {
  const named = session === undefined ? [] : points.filter((point) => isNamed(point, session));
  const others = points.filter(
    (point) => !named.includes(point) && members.every((member) => holdsMember(point, member)),
  );
  const isOldEnough = ({ time }: RepositoryPoint) => asOfMs === undefined || Date.parse(time) <= asOfMs;
  const wanted = others.filter(isOldEnough);
  const isOfSameOrigin = (a: RepositoryPoint, b: RepositoryPoint) =>
    a.namespace === b.namespace && a.cluster === b.cluster;
  const newestOfOrigins = wanted.filter(
    (point, at) => wanted.findIndex((other) => isOfSameOrigin(other, point)) === at,
  );
  const ordered = [...named, ...newestOfOrigins, ...wanted, ...others];
  let snapshots = 0;
  return [...new Set(ordered)].slice(0, MAX_CANDIDATES).filter((point, at) => {
    snapshots += point.snapshots.length;
    return at === 0 || snapshots <= MAX_SNAPSHOTS;
  });
}
