/** Puts our tags on the snapshots of another's program, so that they belong to the session's recovery point as any others do. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, messageOf, UserError } from "../../shared/errors.ts";
import { recordTags, sessionTag, snapshotTags, tagValue } from "../../shared/snapshots/tags.ts";
import { addTags, findById, type TagPorts } from "../backup/add-tags.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { originOf } from "../work/origin.ts";

export interface TaggedSnapshots {
  /** With the ids that restic gave them anew. */
  readonly snapshots: readonly SnapshotStats[];
  readonly warnings: readonly string[];
}

function idsOf(snapshots: readonly SnapshotStats[]): readonly string[] {
  return [...new Set(snapshots.flatMap(({ name }) => (name ? [name] : [])))];
}

/**
 * Looks whether they are there, and tags them. One without our tags is a good one all the same, and can be restored by rules.
 *
 * @param why the host was given up before; then they are part of no recovery point
 * @throws UserError SNAPSHOT_NOT_FOUND when one is not there or is another session's, or why nobody can look
 */
export async function tagSnapshots(
  run: HostRun,
  snapshots: readonly SnapshotStats[],
  ports: TagPorts,
  why?: ErrorCode,
): Promise<TaggedSnapshots> {
  const ids = idsOf(snapshots);
  if (ids.length === 0) return { snapshots, warnings: [] };
  const found = await findById(ids, ports);
  try {
    const origin = originOf(run);
    for (const snapshot of found) requireOwn(snapshot, origin.session);
    const incomplete = why === undefined ? [] : [`${SnapshotTag.Incomplete}${why}`];
    const tags = [...snapshotTags(origin), ...recordTags(origin, ids.length), ...incomplete];
    const tagged = await addTags("tags of the addon's snapshots", ids, tags, ports);
    const newIds = new Map(ids.map((id, at) => [id, tagged[at]?.id ?? id]));
    return { snapshots: snapshots.map((one) => renamed(one, newIds)), warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError) || error.code === "SNAPSHOT_NOT_FOUND") throw error;
    const words = ports.restic.clean(messageOf(error));
    return {
      snapshots,
      warnings: [`the snapshots are part of no recovery point, since they could not be tagged: ${words}`],
    };
  }
}

function renamed(stats: SnapshotStats, newIds: ReadonlyMap<string, string>): SnapshotStats {
  const name = stats.name && newIds.get(stats.name);
  return name ? { ...stats, name } : stats;
}

/** A file that was left from an earlier run names snapshots that are there and hold nothing of this one. */
function requireOwn(snapshot: Snapshot, session: Parameters<typeof sessionTag>[0] & { readonly time?: string }): void {
  const owner = tagValue(snapshot, SnapshotTag.Session);
  const time = tagValue(snapshot, SnapshotTag.Time);
  const isOther =
    owner !== undefined &&
    (`${SnapshotTag.Session}${owner}` !== sessionTag(session) || (time !== undefined && time !== session.time));
  if (!isOther) return;
  throw new UserError("SNAPSHOT_NOT_FOUND", `the addon named snapshot ${snapshot.id}, which is of session ${owner}`, {
    next: "Let the addon write its output anew in each run.",
  });
}
