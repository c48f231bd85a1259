/** Snapshots by their ids. */
import { UserError } from "../../shared/errors.ts";
import type { Restic } from "../restic/client.ts";
import { isUnreadSnapshot, type Snapshot } from "../restic/snapshots.ts";

/**
 * The snapshots as they are now.
 *
 * @param ids whole, the beginnings of some, or what they were before their tags changed
 * @returns one for each id, in order
 * @throws UserError SNAPSHOT_NOT_FOUND when one is not there or could be several, or why restic can't list
 */
export async function findById(
  ids: readonly string[],
  { restic, signal }: { readonly restic: Restic; readonly signal: AbortSignal },
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
