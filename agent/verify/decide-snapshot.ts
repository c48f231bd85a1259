/** Whether a snapshot is what the application saved, and not another's that carries its tags. Pure. */
import type { OrderedSnapshot } from "../../shared/api/verification.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import type { Finding } from "./findings.ts";

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
