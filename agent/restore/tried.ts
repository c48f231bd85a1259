/** What restic says it would restore, summed up. */
import { dirname } from "node:path/posix";
import { numberAt, parseJson, textAt } from "../../shared/json/value.ts";

export interface TriedRestore {
  /** Files and links that are not there and would be made. */
  readonly newFiles: number;
  /** Files that are there with other content and would be written over. */
  readonly changedFiles: number;
  /** Files that are there as they are in the snapshot. */
  readonly sameFiles: number;
  /** Of all files of the snapshot. */
  readonly totalBytes: number;
  /** Of those that would be written. */
  readonly writtenBytes: number;
  /** Some of those that would be written over. */
  readonly overwritten: readonly string[];
}

/** As many names are told. */
const MOST_NAMES = 100;

/** Sums up the lines of `restic restore --dry-run --json --verbose=2`. What is in a folder comes before the folder itself. */
export function createTried(): { add(line: string): void; readonly sum: () => TriedRestore } {
  let tried: TriedRestore = {
    newFiles: 0,
    changedFiles: 0,
    sameFiles: 0,
    totalBytes: 0,
    writtenBytes: 0,
    overwritten: [],
  };
  const folders = new Set<string>();
  return {
    sum: () => tried,
    add(line) {
      const message = parseJson(line);
      const item = textAt(message, "item");
      if (item === undefined || textAt(message, "message_type") !== "verbose_status") return;
      folders.add(dirname(item));
      if (folders.delete(item)) return;
      const size = numberAt(message, "size") ?? 0;
      const { newFiles, changedFiles, sameFiles, writtenBytes, overwritten } = tried;
      const known = { ...tried, totalBytes: tried.totalBytes + size };
      const action = textAt(message, "action");
      if (action === "unchanged") tried = { ...known, sameFiles: sameFiles + 1 };
      if (action === "restored") tried = { ...known, newFiles: newFiles + 1, writtenBytes: writtenBytes + size };
      if (action !== "updated") return;
      const isTold = overwritten.length < MOST_NAMES;
      tried = {
        ...known,
        changedFiles: changedFiles + 1,
        writtenBytes: writtenBytes + size,
        overwritten: isTold ? [...overwritten, item] : overwritten,
      };
    },
  };
}
