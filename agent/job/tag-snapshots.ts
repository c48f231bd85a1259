/** Puts our tags on the snapshots of another's program, so that they belong to the session's recovery point as any others do. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import { recordTags, sessionTag, snapshotTags, tagValue } from "../../shared/snapshots/tags.ts";
import { type VerdictPorts, writeVerdict } from "../backup/write-verdict.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { originOf } from "../work/origin.ts";
import { findById } from "./find-by-id.ts";

interface TagPorts extends VerdictPorts {
  readonly signal: AbortSignal;
}

function idsOf(snapshots: readonly SnapshotStats[]): readonly string[] {
  return [...new Set(snapshots.flatMap(({ name }) => (name ? [name] : [])))];
}

/**
 * Looks whether they are there, and writes down whose they are.
 *
 * @param why the host was given up before; then they are part of no recovery point
 * @throws UserError SNAPSHOT_NOT_FOUND when one is not there or is another session's, or why nobody can look or write: what is part of
 *   no recovery point is not saved
 */
export async function tagSnapshots(
  run: HostRun,
  snapshots: readonly SnapshotStats[],
  ports: TagPorts,
  why?: ErrorCode,
): Promise<void> {
  const ids = idsOf(snapshots);
  if (ids.length === 0) return;
  const found = await findById(ids, ports);
  const origin = originOf(run);
  for (const snapshot of found) requireOwn(snapshot, origin.session);
  const incomplete = why === undefined ? [] : [`${SnapshotTag.Incomplete}${why}`];
  const tags = [...snapshotTags(origin), ...recordTags(origin, ids.length), ...incomplete];
  for (const { id } of found) await writeVerdict(id, tags, ports);
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
