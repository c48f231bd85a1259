/** Snapshots as a Repository's status lists them: as many as there is room for, the newest of each host and path first. Pure. */
import { type ListedSnapshot, MAX_LISTED_SNAPSHOTS } from "../api/listed-snapshot.ts";
import { isCount } from "./listed-points.ts";

/** What restic tells of a snapshot. */
export interface TellingSnapshot {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly tree?: string;
  readonly username?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const HASH = /^[0-9a-f]{64}$/;
/** Longer texts are none that a person wrote; the schema has the same limit. */
const MAX_WORD = 4_096;
/** One with more than that tells neither paths nor tags. */
const MAX_SNAPSHOT_LENGTH = 4_096;

/** RFC 3339 as the API server reads it, which knows years of four digits. */
function listedTime(time: string): string | undefined {
  const ms = Date.parse(time);
  const text = Number.isNaN(ms) ? "" : new Date(ms).toISOString();
  return /^\d{4}-/.test(text) ? text : undefined;
}

/** @returns undefined for what restic never wrote */
function listedSnapshot(snapshot: TellingSnapshot): ListedSnapshot | undefined {
  const { id, hostname, paths, tags, tree, username, uid, gid } = snapshot;
  const time = listedTime(snapshot.time);
  if (time === undefined || !HASH.test(id)) return undefined;
  const short: ListedSnapshot = {
    id,
    time,
    hostname: hostname.slice(0, MAX_WORD),
    ...(username !== undefined && { username: username.slice(0, MAX_WORD) }),
    ...(isCount(uid) && { uid }),
    ...(isCount(gid) && { gid }),
    ...(tree !== undefined && HASH.test(tree) && { tree }),
  };
  const whole = { ...short, paths, tags };
  return lengthOf(whole) > MAX_SNAPSHOT_LENGTH ? short : whole;
}

function lengthOf(snapshot: ListedSnapshot): number {
  return Buffer.byteLength(JSON.stringify(snapshot)) + 1;
}

/** Newest first; of those of one time the order is always the same. */
function byNewestSnapshot(a: ListedSnapshot, b: ListedSnapshot): number {
  return Date.parse(b.time) - Date.parse(a.time) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/**
 * As many as are listed and there is room for: of several hosts and paths each has its newest ones in it, however often another is saved.
 *
 * @param maxLength of all of them as JSON, in bytes
 * @returns newest first
 */
export function boundSnapshots(snapshots: readonly ListedSnapshot[], maxLength: number): readonly ListedSnapshot[] {
  const ranks = new Map<string, number>();
  const ranked = snapshots.toSorted(byNewestSnapshot).map((snapshot) => {
    const key = JSON.stringify([snapshot.hostname, snapshot.paths]);
    const rank = ranks.get(key) ?? 0;
    ranks.set(key, rank + 1);
    return { snapshot, rank };
  });
  ranked.sort((a, b) => a.rank - b.rank || byNewestSnapshot(a.snapshot, b.snapshot));
  let room = maxLength - 2;
  const taken: ListedSnapshot[] = [];
  for (const { snapshot } of ranked.slice(0, MAX_LISTED_SNAPSHOTS)) {
    room -= lengthOf(snapshot);
    if (room < 0) break;
    taken.push(snapshot);
  }
  return taken.sort(byNewestSnapshot);
}

/** restic's list, as it is told. */
export function listSnapshots(snapshots: readonly TellingSnapshot[], maxLength: number): readonly ListedSnapshot[] {
  return boundSnapshots(
    snapshots.flatMap((snapshot) => listedSnapshot(snapshot) ?? []),
    maxLength,
  );
}
