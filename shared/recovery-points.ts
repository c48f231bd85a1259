/**
 * Recovery points as the repository itself knows them: all snapshots that carry the tag of one session. Pure; the agent that
 * looks finds candidates with it, and the reconciler chooses among them.
 */
import { SnapshotTag } from "./contract.ts";
import type { ListedSnapshot, RestoreRule } from "./restore-rules.ts";
import { tagValue } from "./snapshot-tags.ts";
import { EMPTY_TARGET_KIND, type ResolvedTargetRef, targetKey } from "./target.ts";

export interface PointSnapshot {
  readonly target: Pick<ResolvedTargetRef, "kind" | "name" | "namespace">;
  readonly hostname: string;
  readonly path: string;
  /** Full id. */
  readonly id: string;
}

export interface RepositoryPoint {
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

function timeOf(session: string, snapshots: readonly ListedSnapshot[]): string {
  const [first] = snapshots;
  const tagged = first && tagValue(first, SnapshotTag.Time);
  if (tagged !== undefined && !Number.isNaN(Date.parse(tagged))) return tagged;
  const seconds = first && secondOfName(session, tagValue(first, SnapshotTag.Invoker));
  const ms = seconds === undefined ? Math.min(...snapshots.map(({ time }) => Date.parse(time))) : seconds * 1_000;
  return new Date(ms).toISOString();
}

interface Tagged {
  readonly snapshot: ListedSnapshot;
  readonly target: PointSnapshot["target"];
  readonly path: string;
}

function readTagged(snapshot: ListedSnapshot): Tagged | undefined {
  const [kind, namespace, name] = tagValue(snapshot, SnapshotTag.Target)?.split("/") ?? [];
  if (!kind || !namespace || !name) return undefined;
  return { snapshot, target: { kind, namespace, name }, path: snapshot.paths.join(",") };
}

/** Newest of each host and path: a backup that was cut short and begun again may have left two. */
function newestOfEach(found: readonly Tagged[]): readonly Tagged[] {
  const byPlace = new Map<string, Tagged>();
  for (const one of found) {
    const key = JSON.stringify([targetKey(one.target), one.snapshot.hostname, one.path]);
    const known = byPlace.get(key);
    if (known === undefined || Date.parse(known.snapshot.time) <= Date.parse(one.snapshot.time)) byPlace.set(key, one);
  }
  return [...byPlace.values()];
}

/** Targets of which a host lacks a path that the session was to save. */
function brokenTargets(found: readonly Tagged[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const keyOf = ({ target, snapshot }: Tagged) => JSON.stringify([targetKey(target), snapshot.hostname]);
  for (const one of found) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  const broken = found.filter((one) => {
    const wanted = Number(tagValue(one.snapshot, SnapshotTag.Paths) ?? 1);
    return (counts.get(keyOf(one)) ?? 0) < wanted;
  });
  return new Set(broken.map(({ target }) => targetKey(target)));
}

/** All recovery points of a repository, newest first. Data that is not whole is left out. */
export function readRecoveryPoints(snapshots: readonly ListedSnapshot[]): readonly RepositoryPoint[] {
  const bySession = new Map<string, ListedSnapshot[]>();
  for (const snapshot of snapshots) {
    const session = tagValue(snapshot, SnapshotTag.Session);
    if (session === undefined || tagValue(snapshot, SnapshotTag.Incomplete) !== undefined) continue;
    bySession.set(session, [...(bySession.get(session) ?? []), snapshot]);
  }
  const points = [...bySession].map(([key, members]): RepositoryPoint => {
    const slash = key.indexOf("/");
    const session = key.slice(slash + 1);
    const found = newestOfEach(members.flatMap((snapshot) => readTagged(snapshot) ?? []));
    const broken = brokenTargets(found);
    const whole = found.filter(({ target }) => !broken.has(targetKey(target)));
    const unreadable = whole.reduce(
      (sum, one) => sum + (Number(tagValue(one.snapshot, SnapshotTag.Unreadable)) || 0),
      0,
    );
    return {
      namespace: key.slice(0, Math.max(0, slash)),
      session,
      time: timeOf(session, members),
      snapshots: whole.map(({ snapshot, target, path }) => ({
        target,
        hostname: snapshot.hostname,
        path,
        id: snapshot.id,
      })),
      ...(unreadable > 0 && { unreadableFiles: unreadable }),
    };
  });
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
 * newest of each namespace in question, before those that are too young to be taken, which are told for people.
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
  const newestOfNamespaces = wanted.filter(
    (point, at) => wanted.findIndex(({ namespace }) => namespace === point.namespace) === at,
  );
  const ordered = [...named, ...newestOfNamespaces, ...wanted, ...others];
  let snapshots = 0;
  return [...new Set(ordered)].slice(0, MAX_CANDIDATES).filter((point, at) => {
    snapshots += point.snapshots.length;
    return at === 0 || snapshots <= MAX_SNAPSHOTS;
  });
}
