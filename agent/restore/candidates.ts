/** The snapshots that a host's restore may choose from. */
import type { ListedSnapshot, RestoreSelection } from "../../shared/restore-rules.ts";
import type { Restic } from "../restic/client.ts";
import type { Snapshot } from "../restic/snapshots.ts";

export interface Candidates {
  /** All that may be meant, and a few of the others for a message to name. */
  readonly existing: readonly ListedSnapshot[];
  /** How many others there are besides. */
  readonly unlisted: number;
}

/** restic lists the oldest first: the last ones are the newest. */
const FEW_OTHERS = 20;

/**
 * Keeps in memory what the selection may mean, however many snapshots the repository holds.
 *
 * @param isOfKind leaves out snapshots that can't be restored in this way
 */
export async function gatherCandidates(
  restic: Restic,
  { sourceHost, wanted }: RestoreSelection,
  signal: AbortSignal,
  isOfKind: (snapshot: Snapshot) => boolean = () => true,
): Promise<Candidates> {
  const ids = wanted.flatMap((one) => (one.by === "id" ? [one.id] : []));
  const others: Snapshot[] = [];
  let count = 0;
  const own = await restic.snapshots(
    {},
    {
      signal,
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
  return { existing: [...own, ...others], unlisted: count - others.length };
}
