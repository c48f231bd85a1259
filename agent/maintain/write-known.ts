/** Writes down what a session knows of its own snapshots, before it is gone: that they are not all that it was to save. */
import { SnapshotTag } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { bySession } from "../../shared/snapshots/of-session.ts";
import { isCompletePoint } from "../../shared/snapshots/point-parts.ts";
import { timeOf } from "../../shared/snapshots/recovery-points.ts";
import { tryVerdict, type VerdictPorts } from "../backup/write-verdict.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import type { RetentionScope } from "./decide-retention.ts";

/** What became of who should have told whether they are whole. */
const UNTOLD: ErrorCode = "EXECUTOR_LOST";

/**
 * Snapshots of the session that asks, where it knows to have saved a part only and they look like all of it: a pod died before it
 * could say what its snapshot lacks, or was refused. Which one that is nobody knows. Pure.
 */
export function untoldParts(own: readonly Snapshot[], scope: RetentionScope): readonly Snapshot[] {
  const session = scope.sessionTag?.slice(SnapshotTag.Session.length);
  if (session === undefined || !(scope.incomplete ?? []).includes(session)) return [];
  const name = session.slice(session.indexOf("/") + 1);
  const timeMs = (snapshots: readonly Snapshot[]) => Date.parse(timeOf(name, snapshots));
  // One that was deleted and made anew under its name is an earlier session.
  const [newest] = bySession(own)
    .filter((one) => one.session === session)
    .toSorted((a, b) => timeMs(b.snapshots) - timeMs(a.snapshots));
  return newest !== undefined && isCompletePoint(newest.snapshots) ? newest.snapshots : [];
}

/** @returns the snapshots as they are now known; as they were where nothing could be written: the next session knows it still */
export async function writeKnown(
  own: readonly Snapshot[],
  scope: RetentionScope,
  ports: VerdictPorts,
): Promise<readonly Snapshot[]> {
  const tag = `${SnapshotTag.Incomplete}${UNTOLD}`;
  const told = new Set<string>();
  for (const { id } of untoldParts(own, scope)) {
    const warnings = await tryVerdict("is of a session that saved a part", id, [tag], ports);
    if (warnings.length === 0) told.add(id);
  }
  return own.map((one) => (told.has(one.id) ? { ...one, tags: [...one.tags, tag] } : one));
}
