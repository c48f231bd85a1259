/**
 * Adds tags to snapshots. restic writes each anew for that, under another id, and ends well too when it could write none of them:
 * what is in the repository afterwards tells.
 */
import { UserError } from "../../shared/errors.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Restic } from "../restic/client.ts";
import { isUnreadSnapshot, type Snapshot } from "../restic/snapshots.ts";

const TAG_LIMIT_MS = 30 * 60_000;

export interface TagPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly signal: AbortSignal;
}

/**
 * The snapshots as they are now.
 *
 * @param ids whole, the beginnings of some, or what they were before their tags changed
 * @returns one for each id, in order
 * @throws UserError SNAPSHOT_NOT_FOUND when one is not there or could be several, or why restic can't list
 */
export async function findById(
  ids: readonly string[],
  { restic, signal }: Pick<TagPorts, "restic" | "signal">,
): Promise<readonly Snapshot[]> {
  const unread: string[] = [];
  const listed = await restic.snapshots(
    {},
    {
      signal,
      onLine: (line) => isUnreadSnapshot(line) && unread.push(line),
      keep: (snapshot) => ids.some((id) => isNow(snapshot, id) || wasOnce(snapshot, id)),
    },
  );
  return ids.map((id) => {
    const [only, another] = meantBy(id, listed);
    if (only !== undefined && another === undefined) return only;
    const how = only === undefined ? "is not in the repository" : "could be several in the repository";
    if (unread[0] !== undefined) throw new UserError("REPOSITORY_DAMAGED", `look for snapshot ${id}: ${unread[0]}`);
    throw notFound(`snapshot ${id} ${how}`);
  });
}

function notFound(message: string): UserError {
  return new UserError("SNAPSHOT_NOT_FOUND", message, { next: "Run the backup again." });
}

/** What was written anew counts before what it was, where that could not be removed. */
function meantBy(id: string, listed: readonly Snapshot[]): readonly Snapshot[] {
  const later = listed.filter((snapshot) => wasOnce(snapshot, id));
  return later.length > 0 ? later : listed.filter((snapshot) => isNow(snapshot, id));
}

function isNow(snapshot: Snapshot, id: string): boolean {
  return snapshot.id.startsWith(id);
}

function wasOnce({ original }: Snapshot, id: string): boolean {
  return original?.startsWith(id) === true;
}

/**
 * @param ids as in findById
 * @param what it is for, such as `mark of snapshot 0123abcd`
 * @returns the snapshots with their tags and new ids, in the order of the ids
 * @throws UserError SNAPSHOT_NOT_FOUND when one is not there, else why restic did not tag it
 */
export async function addTags(
  what: string,
  ids: readonly string[],
  tags: readonly string[],
  ports: TagPorts,
): Promise<readonly Snapshot[]> {
  const { restic, withLock, signal } = ports;
  const before = await findById(ids, ports);
  // Without an id restic would tag all that there are.
  if (before.length === 0) return [];
  const command = ["tag", ...tags.flatMap((tag) => ["--add", tag]), ...before.map(({ id }) => id)];
  const exit = await withLock(() => restic.run(command, { signal, timeLimitMs: TAG_LIMIT_MS }));
  if (exit.code !== 0) throw restic.fault(what, exit);
  const isOf = (snapshot: Snapshot, { id, original = id }: Snapshot) =>
    snapshot.id === id || snapshot.original === original;
  const after = await restic.snapshots({}, { signal, keep: (snapshot) => before.some((one) => isOf(snapshot, one)) });
  return before.map((one) => {
    const there = after.filter((snapshot) => isOf(snapshot, one));
    const tagged = there.find((snapshot) => tags.every((tag) => snapshot.tags.includes(tag)));
    if (tagged !== undefined) return tagged;
    if (there.length > 0) throw restic.fault(what, exit);
    throw notFound(`${what}: it went while it was tagged`);
  });
}
