/**
 * Which parts of a recovery point are whole, as the tags of its snapshots tell: every path of a host, every host of a member,
 * every member of the session. Pure.
 */
import { SnapshotTag } from "../contract.ts";
import { tagValue } from "./tags.ts";

/** A snapshot, as far as its place in a point needs it. */
export interface PartSnapshot {
  readonly id?: string;
  /** Id that it had before restic changed its tags. */
  readonly original?: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

/** The snapshots of one member of one session. */
export interface PointPart<Snapshot extends PartSnapshot> {
  readonly snapshots: readonly Snapshot[];
  /** Position of the member, from 1, and how many there are; undefined where older tags don't tell. */
  readonly place: { readonly member: number; readonly members: number } | undefined;
  /** How many hosts the member has; undefined where older tags don't tell. */
  readonly hosts: number | undefined;
  /** No host is known to be missing, and none lacks a path. */
  readonly isWhole: boolean;
}

function placeOf(snapshot: PartSnapshot): PointPart<PartSnapshot>["place"] {
  const [, member, members] = /^(\d+)\/(\d+)$/.exec(tagValue(snapshot, SnapshotTag.Member) ?? "") ?? [];
  return member === undefined ? undefined : { member: Number(member), members: Number(members) };
}

/** @returns undefined where the tag is missing or no number */
function numberOf(snapshot: PartSnapshot, prefix: string): number | undefined {
  const text = tagValue(snapshot, prefix);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** How many paths its host had; undefined where older tags don't tell. */
export function pathsTag(snapshot: PartSnapshot): number | undefined {
  return numberOf(snapshot, SnapshotTag.Paths);
}

/** Whether its tags say nothing else than that restic made it of all that was wanted. */
function isWholeSnapshot(snapshot: PartSnapshot): boolean {
  return tagValue(snapshot, SnapshotTag.Incomplete) === undefined;
}

/**
 * Those that restic made of all that was wanted. A mark makes restic write a snapshot anew; where it could not remove what that was
 * before, that is still there without the mark.
 */
export function wholeSnapshots<Snapshot extends PartSnapshot>(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const marked = snapshots.filter(
    (snapshot) => !isWholeSnapshot(snapshot) || tagValue(snapshot, SnapshotTag.Unreadable) !== undefined,
  );
  const replaced = new Set(marked.flatMap(({ original }) => original ?? []));
  return snapshots.filter(
    (snapshot) => isWholeSnapshot(snapshot) && (snapshot.id === undefined || !replaced.has(snapshot.id)),
  );
}

function judge<Snapshot extends PartSnapshot>(snapshots: readonly Snapshot[]): PointPart<Snapshot> {
  const pathsOf = new Map<string, { readonly paths: Set<string>; wanted: number }>();
  for (const snapshot of snapshots) {
    const known = pathsOf.get(snapshot.hostname) ?? { paths: new Set(), wanted: 1 };
    known.paths.add(JSON.stringify(snapshot.paths));
    known.wanted = Math.max(known.wanted, pathsTag(snapshot) ?? 1);
    pathsOf.set(snapshot.hostname, known);
  }
  const counts = snapshots.flatMap((snapshot) => numberOf(snapshot, SnapshotTag.Hosts) ?? []);
  const hosts = counts.length === 0 ? undefined : counts.reduce((most, count) => Math.max(most, count));
  return {
    snapshots,
    place: snapshots.map(placeOf).find((place) => place !== undefined),
    hosts,
    isWhole: pathsOf.size >= (hosts ?? 1) && [...pathsOf.values()].every(({ paths, wanted }) => paths.size >= wanted),
  };
}

/**
 * The members of one session's snapshots. Two members may have the same target under two aliases: their position tells them apart.
 *
 * @param snapshots of one session; those that are not whole count as missing
 */
export function partsOfPoint<Snapshot extends PartSnapshot>(
  snapshots: readonly Snapshot[],
): readonly PointPart<Snapshot>[] {
  const byMember = new Map<string, Snapshot[]>();
  for (const snapshot of wholeSnapshots(snapshots)) {
    const key = JSON.stringify([tagValue(snapshot, SnapshotTag.Target), tagValue(snapshot, SnapshotTag.Member)]);
    const known = byMember.get(key);
    if (known === undefined) byMember.set(key, [snapshot]);
    else known.push(snapshot);
  }
  return [...byMember.values()].map(judge);
}

/** Whether every host of every member is known to be in the point. What tags don't tell is not known. */
export function isCompletePoint(snapshots: readonly PartSnapshot[]): boolean {
  const parts = partsOfPoint(snapshots);
  const whole = parts.filter(({ isWhole, hosts }) => isWhole && hosts !== undefined && hosts > 0);
  const wanted = parts.reduce((most, { place }) => Math.max(most, place?.members ?? 0), 0);
  const members = whole.flatMap(({ place }) => (place === undefined ? [] : [place.member]));
  // A tag may name any number: what is there is counted, not what would have to be.
  return wanted > 0 && new Set(members.filter((member) => member >= 1 && member <= wanted)).size === wanted;
}
