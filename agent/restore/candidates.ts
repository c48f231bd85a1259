/** The snapshots that a host's restore may choose from. */
import { UserError } from "../../shared/errors.ts";
import { requireSnapshotId } from "../../shared/snapshots/id.ts";
import {
  type ListedSnapshot,
  type ResolvedSnapshot,
  type RestoreSelection,
  resolveSnapshots,
} from "../../shared/target/restore-rules.ts";
import type { Restic } from "../restic/client.ts";
import { isUnreadSnapshot, type Snapshot } from "../restic/snapshots.ts";

interface Candidates {
  /** All that may be meant, and a few of the others for a message to name. */
  readonly existing: readonly ListedSnapshot[];
  /** How many others there are besides. */
  readonly unlisted: number;
  /** restic's words for the first one that it can't read. */
  readonly unread: string | undefined;
}

/** restic lists the oldest first: the last ones are the newest. */
const FEW_OTHERS = 20;

/**
 * Chooses among what the repository holds.
 *
 * @param ownTag as in resolveSnapshots
 * @param isOfKind leaves out snapshots that can't be restored in this way
 * @throws UserError as resolveSnapshots, and REPOSITORY_DAMAGED when one that can't be read may be the one that is meant
 */
export async function chooseSnapshots(
  restic: Restic,
  selection: RestoreSelection,
  ownTag: string,
  signal: AbortSignal,
  isOfKind: (snapshot: Snapshot) => boolean = () => true,
): Promise<readonly ResolvedSnapshot[]> {
  for (const wanted of selection.wanted) if (wanted.by === "id") requireSnapshotId(wanted.id, "rules[].snapshots");
  const { existing, unlisted, unread } = await gatherCandidates(restic, selection, signal, isOfKind);
  const damage =
    unread === undefined
      ? undefined
      : new UserError("REPOSITORY_DAMAGED", `a snapshot can't be read: ${restic.clean(unread)}`, {
          next: "Check the repository; name snapshots that can be read by their ids.",
        });
  // The newest of those that can be read need not be the newest.
  if (damage !== undefined && selection.wanted.some(({ by }) => by !== "id")) throw damage;
  try {
    return resolveSnapshots(selection, existing, ownTag, unlisted);
  } catch (error) {
    const isMissing = error instanceof UserError && error.code === "SNAPSHOT_NOT_FOUND";
    throw isMissing && damage !== undefined ? damage : error;
  }
}

/**
 * Keeps in memory what the selection may mean, however many snapshots the repository holds.
 */
async function gatherCandidates(
  restic: Restic,
  { sourceHost, wanted }: RestoreSelection,
  signal: AbortSignal,
  isOfKind: (snapshot: Snapshot) => boolean,
): Promise<Candidates> {
  const ids = wanted.flatMap((one) => (one.by === "id" ? [one.id] : []));
  const others: Snapshot[] = [];
  let count = 0;
  let unread: string | undefined;
  const own = await restic.snapshots(
    {},
    {
      signal,
      onLine(line) {
        if (isUnreadSnapshot(line)) unread ??= line;
      },
      keep(snapshot) {
        if (!isOfKind(snapshot)) return false;
        if (snapshot.hostname === sourceHost || ids.some((id) => snapshot.id.startsWith(id))) return true;
        count += 1;
        others.push(snapshot);
        if (others.length > FEW_OTHERS) others.shift();
        return false;
      },
    },
  );
  return { existing: [...own, ...others], unlisted: count - others.length, unread };
}
