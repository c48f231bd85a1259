/** Whether a snapshot is what the application saved, and not another's that carries its tags. Pure. */
import type { OrderedSnapshot } from "../../shared/api/verification.ts";
import { taggedTimeMs } from "../../shared/snapshots/of-session.ts";
import { clusterOf } from "../../shared/snapshots/tags.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import type { Finding } from "./findings.ts";

/** Of members, that is of all snapshots of an order. */
type Ordered = readonly Pick<OrderedSnapshot, "tags">[];

function isRecorded({ id, original }: Snapshot, recorded: string): boolean {
  // A change of tags gives a snapshot another id, and it keeps the first.
  return [id, original].some((own) => own !== undefined && (own.startsWith(recorded) || recorded.startsWith(own)));
}

/** Paths of dumps have a slash with some versions of restic, and none with others. */
function withoutSlash(path: string): string {
  return path.replace(/^\/+/, "");
}

export function judgeSnapshot(ordered: OrderedSnapshot, snapshot: Snapshot): readonly Finding[] {
  const faults: string[] = [];
  const { host, path, tags = [], recordedId } = ordered;
  if (snapshot.hostname !== host) faults.push(`it was made on host ${snapshot.hostname}, not on ${host}`);
  if (!snapshot.paths.some((own) => withoutSlash(own) === withoutSlash(path))) {
    faults.push(`it was made of ${snapshot.paths.join(", ") || "no path"}, not of ${path}`);
  }
  const missing = tags.filter((tag) => !snapshot.tags.includes(tag));
  if (missing.length > 0) faults.push(`it lacks the tag ${missing.join(", ")}`);
  if (recordedId && !isRecorded(snapshot, recordedId)) {
    faults.push(`the BackupSession saved ${recordedId.slice(0, 8)} in its place`);
  }
  if (faults.length === 0) return [];
  return [{ code: "SNAPSHOT_FOREIGN", path, message: `snapshot ${snapshot.id.slice(0, 8)}: ${faults.join("; ")}` }];
}

/** The tags that all snapshots of the order must have: by them restic finds whatever says that it belongs to the session. */
export function commonTags(ordered: Ordered): readonly string[] {
  const [first, ...others] = ordered.map(({ tags = [] }) => tags);
  return (first ?? []).filter((tag) => others.every((tags) => tags.includes(tag)));
}

/**
 * Of a host and path a restore takes the newest snapshot that carries the session's tags. One that the session did not save, and that would
 * be taken, is a finding, whatever was restored here.
 *
 * @param saved all snapshots of the repository with the session's tags
 */
export function judgeNewer(ordered: OrderedSnapshot, saved: readonly Snapshot[]): readonly Finding[] {
  const { id: restored, host, path, tags = [], recordedId } = ordered;
  if (!recordedId || tags.length === 0) return [];
  const own = saved.find((snapshot) => isRecorded(snapshot, recordedId));
  const isOfSession = (other: Snapshot): boolean =>
    // Another cluster, and a session that was deleted and made anew, may have the same name.
    [undefined, own && clusterOf(own)].includes(clusterOf(other)) &&
    [undefined, own && taggedTimeMs(own)].includes(taggedTimeMs(other));
  const newer = saved.filter(
    (other) =>
      ![recordedId, restored].some((known) => isRecorded(other, known)) &&
      other.hostname === host &&
      other.paths.some((one) => withoutSlash(one) === withoutSlash(path)) &&
      tags.every((tag) => other.tags.includes(tag)) &&
      isOfSession(other) &&
      Date.parse(other.time) >= Date.parse(own?.time ?? other.time),
  );
  return newer.map(({ id }) => {
    const message = `snapshot ${id.slice(0, 8)} carries the tags of ${recordedId.slice(0, 8)}, and a restore would take it: the BackupSession did not save it`;
    return { code: "SNAPSHOT_FOREIGN", path, message };
  });
}
