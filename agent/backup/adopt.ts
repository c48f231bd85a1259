/** Finds a snapshot that an earlier start of this agent made for the same session, host and path. */
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { formatSize } from "../../shared/size.ts";
import { type SnapshotOrigin, snapshotTags } from "../../shared/snapshot-tags.ts";
import type { Restic } from "../restic/client.ts";
import { gatherSnapshotSize } from "../restic/snapshot-size.ts";
import { byNewest } from "../restic/snapshots.ts";

/**
 * The newest snapshot with the tags of the session, of the same host and path. Counts of new and changed files went with the
 * process that knew them.
 *
 * @throws UserError when restic can't list
 */
export async function findEarlierSnapshot(
  restic: Restic,
  wanted: { readonly path: string; readonly host: string; readonly origin: SnapshotOrigin },
  signal: AbortSignal,
): Promise<SnapshotStats | undefined> {
  const { path, host, origin } = wanted;
  const found = await restic.snapshots({ host, path, tags: snapshotTags(origin) }, { signal });
  const newest = found.filter(({ paths }) => paths.length === 1 && paths[0] === path).sort(byNewest)[0];
  if (newest === undefined) return undefined;
  const { files, bytes } = await gatherSnapshotSize(restic, newest.id, signal);
  return {
    name: newest.id,
    path,
    time: new Date(newest.time).toISOString(),
    totalSize: formatSize(bytes),
    sizeBytes: bytes,
    fileStats: { totalFiles: files },
  };
}
