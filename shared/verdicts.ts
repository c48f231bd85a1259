/**
 * What is known of a snapshot only after restic made it: that it lacks something, or whose it is. It stands in a small snapshot beside
 * it, since every backup may write one at any time, while a change of tags waits until nobody else uses the repository. Whoever lists
 * snapshots puts both together: to everybody else a verdict is tags of the snapshot that it speaks of. Pure.
 */

import { SnapshotTag } from "./contract.ts";
import { groupBy } from "./group-by.ts";
import { tagValue } from "./snapshots/tags.ts";

/** A snapshot, as far as verdicts need it. */
export interface JudgedSnapshot {
  readonly id: string;
  readonly original?: string;
  readonly tags: readonly string[];
  /** Ids of the verdicts on it, which go with it. */
  readonly verdicts?: readonly string[];
}

export interface Verdict {
  /** Of the small snapshot. */
  readonly id: string;
  /** Whole, or the beginning of it. */
  readonly subject: string;
  readonly says: readonly string[];
}

/** No host has a name like that, so that no rule for a host's newest snapshot takes one. */
export const VERDICT_HOST = "stash-batch:verdict";
/** Shorter ones could be several's. */
const MIN_ID_LENGTH = 8;
const ID = /^[0-9a-f]{8,64}$/;

/**
 * Its tags. They begin with none of the words by which versions that know no verdicts find snapshots.
 *
 * @param subject id of the snapshot
 */
export function verdictTags(subject: string, says: readonly string[]): readonly string[] {
  return [`${SnapshotTag.VerdictOf}${subject}`, ...says.map((tag) => `${SnapshotTag.Verdict}${tag}`)];
}

/** Each has its own, so that whoever forgets snapshots by host and path keeps them. */
export function verdictFile(subject: string): string {
  return `stash-batch-verdict-${subject.slice(0, MIN_ID_LENGTH)}`;
}

/** @returns undefined for a snapshot of data */
export function readVerdict({ id, tags }: JudgedSnapshot): Verdict | undefined {
  const subject = tagValue({ tags }, SnapshotTag.VerdictOf);
  if (subject === undefined || !ID.test(subject)) return undefined;
  const says = tags.flatMap((tag) =>
    tag.startsWith(SnapshotTag.Verdict) ? [tag.slice(SnapshotTag.Verdict.length)] : [],
  );
  return { id, subject, says };
}

function keyOf(id: string): string {
  return id.slice(0, MIN_ID_LENGTH);
}

/** By the beginnings of what they speak of. */
export type Verdicts = ReadonlyMap<string, readonly Verdict[]>;

export function groupVerdicts(verdicts: readonly Verdict[]): Verdicts {
  return groupBy(verdicts, ({ subject }) => keyOf(subject));
}

/** The verdicts on a snapshot, also by the id that it had before its tags changed or it was copied. */
export function verdictsOn({ id, original }: JudgedSnapshot, verdicts: Verdicts): readonly Verdict[] {
  const ids = original === undefined ? [id] : [id, original];
  return ids.flatMap((one) => (verdicts.get(keyOf(one)) ?? []).filter(({ subject }) => one.startsWith(subject)));
}

/** The snapshot with what the verdicts on it say. */
export function withVerdicts<Snapshot extends JudgedSnapshot>(snapshot: Snapshot, verdicts: Verdicts): Snapshot {
  const own = verdicts.size === 0 ? [] : verdictsOn(snapshot, verdicts);
  if (own.length === 0) return snapshot;
  return {
    ...snapshot,
    tags: [...new Set([...snapshot.tags, ...own.flatMap(({ says }) => says)])],
    verdicts: own.map(({ id }) => id),
  };
}

/** A whole list without its verdicts, each with the snapshot that it speaks of. */
export function judgeSnapshots<Snapshot extends JudgedSnapshot>(listed: readonly Snapshot[]): readonly Snapshot[] {
  const verdicts = groupVerdicts(listed.flatMap((snapshot) => readVerdict(snapshot) ?? []));
  if (verdicts.size === 0) return listed;
  return listed.flatMap((snapshot) => (readVerdict(snapshot) === undefined ? [withVerdicts(snapshot, verdicts)] : []));
}

/** Whether it says whose the snapshot is, which that itself does not tell. */
export function isClaim({ says }: Verdict): boolean {
  return says.some((tag) => tag.startsWith(SnapshotTag.Session));
}
