/** Snapshots that an earlier start of this agent made for the same session, host and path. */
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { formatSize } from "../../shared/size.ts";
import { type SnapshotOrigin, sessionTags, tagValue } from "../../shared/snapshots/tags.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Restic } from "../restic/client.ts";
import { gatherSnapshotSize } from "../restic/list-snapshot.ts";
import { byNewest, type Snapshot } from "../restic/snapshots.ts";
import { forgetIfFree, tryVerdict } from "./write-verdict.ts";

/** What became of the start that made a snapshot of which nobody knows any more whether it is whole. */
const CUT_SHORT: ErrorCode = "RESTIC_KILLED";

/** What an earlier start left in the repository. */
export interface Earlier {
  /** Known to be all that was wanted but so many files. Counts of new and changed files went with the process that knew them. */
  readonly snapshot?: SnapshotStats;
  /** Those of which nobody knows any more whether all was read: they give way to a new one. */
  readonly unsure: readonly Pick<Snapshot, "id" | "verdicts">[];
}

export const NOTHING_EARLIER: Earlier = { unsure: [] };

/**
 * Snapshots with the tags of the session, of the same host and path. That files could not be read is written to a snapshot after
 * it is made, so one without that mark may lack it because nobody came to it.
 *
 * @throws UserError when restic can't list
 */
export async function findEarlier(
  restic: Restic,
  wanted: { readonly path: string; readonly host: string; readonly origin: SnapshotOrigin },
  signal: AbortSignal,
): Promise<Earlier> {
  const { path, host, origin } = wanted;
  const found = await restic.snapshots({ host, path, tags: sessionTags(origin) }, { signal });
  const own = found.filter(({ paths }) => paths.length === 1 && paths[0] === path).sort(byNewest);
  const newest = own.find((snapshot) => tagValue(snapshot, SnapshotTag.Unreadable) !== undefined);
  if (newest === undefined) return { unsure: own };
  const { files, bytes } = await gatherSnapshotSize(restic, newest.id, signal);
  const snapshot = {
    name: newest.id,
    path,
    time: new Date(newest.time).toISOString(),
    totalSize: formatSize(bytes),
    sizeBytes: bytes,
    unreadableFiles: Number(tagValue(newest, SnapshotTag.Unreadable)),
    fileStats: { totalFiles: files },
  };
  return { snapshot, unsure: own.filter(({ id }) => id !== newest.id) };
}

/**
 * Takes away what gave way to another snapshot. While others use the repository it is only set aside, and retention takes it.
 *
 * @returns a warning when neither could be done
 */
export async function removeUnsure(
  unsure: Earlier["unsure"],
  ports: { readonly restic: Restic; readonly withLock: WithLock; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (unsure.length === 0 || (await forgetIfFree(unsure, ports))) return [];
  const says = [`${SnapshotTag.Incomplete}${CUT_SHORT}`];
  const warnings: string[] = [];
  for (const { id } of unsure)
    warnings.push(...(await tryVerdict("of an earlier start may lack files", id, says, ports)));
  return warnings;
}
