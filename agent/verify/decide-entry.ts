/**
 * Whether what came back is what the snapshot has. Pure.
 *
 * | looked at | of |
 * |---|---|
 * | is there, and is of the same type | all but sockets, which restic does not bring back |
 * | size | files |
 * | owner | all, where the looking user could have set it |
 * | mode | all but links, which have none |
 * | time of its content | all but folders, whose time changes with their entries |
 */
import type { Finding } from "./findings.ts";
import type { SeenEntry, UnseenEntry } from "./gather-entry.ts";
import type { ListedEntry } from "./listed-entry.ts";

/** File systems keep parts of a second or don't. */
const TIME_GRAIN_MS = 1_000;

/** @param areOwnersSet whether whoever restored could give files to others */
export function compareEntry(
  wanted: ListedEntry,
  seen: SeenEntry | UnseenEntry | undefined,
  areOwnersSet: boolean,
): readonly Finding[] {
  const { path, type } = wanted;
  if (type === "socket") return [];
  if (seen === undefined) return [{ code: "RESTORED_FILE_MISSING", path, message: `the ${type} did not come back` }];
  if ("fault" in seen) {
    return [{ code: "RESTORED_FILE_MISSING", path, message: `it can't be looked at: ${seen.fault}` }];
  }
  if (seen.kind !== type) {
    return [{ code: "RESTORED_FILE_DIFFERS", path, message: `it is a ${seen.kind}, in the snapshot a ${type}` }];
  }
  const size = seen.size === wanted.size || type !== "file" ? [] : [sizeFinding(wanted, seen)];
  const metadata = metadataFaults(wanted, seen, areOwnersSet);
  if (metadata.length === 0) return size;
  return [...size, { code: "RESTORED_METADATA_DIFFERS", path, message: metadata.join("; ") }];
}

function sizeFinding(wanted: ListedEntry, seen: SeenEntry): Finding {
  return {
    code: "RESTORED_FILE_DIFFERS",
    path: wanted.path,
    message: `it has ${seen.size} bytes, in the snapshot ${wanted.size}`,
  };
}

function metadataFaults(wanted: ListedEntry, seen: SeenEntry, areOwnersSet: boolean): readonly string[] {
  const faults: string[] = [];
  if (areOwnersSet && (seen.uid !== wanted.uid || seen.gid !== wanted.gid)) {
    faults.push(`its owner is ${seen.uid}:${seen.gid}, in the snapshot ${wanted.uid}:${wanted.gid}`);
  }
  if (wanted.type !== "symlink" && seen.mode !== wanted.mode) {
    faults.push(`its mode is ${formatMode(seen.mode)}, in the snapshot ${formatMode(wanted.mode)}`);
  }
  const { mtimeMs } = wanted;
  if (wanted.type !== "dir" && mtimeMs !== undefined && Math.abs(seen.mtimeMs - mtimeMs) >= TIME_GRAIN_MS) {
    faults.push(`its time is ${formatTime(seen.mtimeMs)}, in the snapshot ${formatTime(mtimeMs)}`);
  }
  return faults;
}

function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** The time of a file may be any number. */
function formatTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString();
}
