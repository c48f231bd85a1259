/**
 * Snapshots by the session that made them. One that was deleted and made anew under its name is another session: the time at which
 * it was due or made tells them apart. Pure.
 */

import { SnapshotTag } from "../contract.ts";
import { groupBy } from "../group-by.ts";
import { tagValue } from "./tags.ts";

interface Tagged {
  readonly tags: readonly string[];
}

export interface SessionSnapshots<Snapshot extends Tagged> {
  /** NAMESPACE/NAME; two sessions may have the same. */
  readonly session: string;
  readonly snapshots: readonly Snapshot[];
}

/** When the session was due or made, as the tag tells; undefined where older tags don't. */
export function taggedTimeMs(snapshot: Tagged): number | undefined {
  const ms = Date.parse(tagValue(snapshot, SnapshotTag.Time) ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** Groups them; those without the tag of a session are left out. */
export function bySession<Snapshot extends Tagged>(
  snapshots: readonly Snapshot[],
): readonly SessionSnapshots<Snapshot>[] {
  const named = groupBy(snapshots, (snapshot) => tagValue(snapshot, SnapshotTag.Session));
  return [...named].flatMap(([session, own]) =>
    session === undefined ? [] : ofEachTime(own).map((group) => ({ session, snapshots: group })),
  );
}

/** Those without a time belong to the only session there is, as far as that has nothing of their target: an older agent made them. */
function ofEachTime<Snapshot extends Tagged>(snapshots: readonly Snapshot[]): readonly (readonly Snapshot[])[] {
  const groups = groupBy(snapshots, taggedTimeMs);
  const untimed = groups.get(undefined);
  const [first, ...others] = [...groups].flatMap(([time, group]) => (time === undefined ? [] : [group]));
  if (first === undefined || others.length > 0 || untimed === undefined) return [...groups.values()];
  const targets = new Set(first.map(targetOf));
  const rest = untimed.filter((snapshot) => targets.has(targetOf(snapshot)));
  const whole = snapshots.filter((snapshot) => !rest.includes(snapshot));
  return rest.length === 0 ? [whole] : [whole, rest];
}

export function targetOf(snapshot: Tagged): string | undefined {
  return tagValue(snapshot, SnapshotTag.Target);
}
