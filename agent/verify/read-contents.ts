/** What restic says when it compares restored files with a snapshot by their contents. Pure, but for what it is told of files. */

import { numberAt, parseJson, textAt } from "../../shared/json/value.ts";
import type { SeenEntry } from "./gather-entry.ts";

/** What became of the comparison. */
export interface ReadContents {
  readonly same: number;
  readonly sameBytes: number;
  /** Paths below the restored folder. */
  readonly different: readonly string[];
}

export interface ContentsReader {
  add(line: string): void;
  end(): ReadContents;
}

/** Of a hard link that came later restic says no size: its content is that of the first one. */
interface LaterLink {
  readonly item: string;
  readonly inode: number;
  readonly size: number;
}

/**
 * Reads the lines of `restic restore --dry-run --json --verbose=2`, which compares the parts of each file with their hashes, whatever size
 * and time say.
 *
 * @param look what came back for an item; undefined when it is no file
 */
export function createContentsReader(look: (item: string) => SeenEntry | undefined): ContentsReader {
  let same = 0;
  let sameBytes = 0;
  const different: string[] = [];
  const comparedLinks = new Set<number>();
  const laterLinks: LaterLink[] = [];
  return {
    add(line) {
      const message = line.startsWith("{") ? parseJson(line) : undefined;
      const item = textAt(message, "item");
      if (item === undefined || textAt(message, "message_type") !== "verbose_status") return;
      const seen = look(item);
      // What did not come back is told by its name.
      if (seen === undefined) return;
      const size = numberAt(message, "size") ?? 0;
      if (textAt(message, "action") === "unchanged") {
        same += 1;
        sameBytes += size;
        if (seen.links > 1) comparedLinks.add(seen.inode);
      } else if (size === 0 && seen.size > 0 && seen.links > 1) {
        laterLinks.push({ item, inode: seen.inode, size: seen.size });
      } else if (size === seen.size) {
        different.push(item);
      }
    },
    end() {
      const good = laterLinks.filter(({ inode }) => comparedLinks.has(inode));
      const bad = laterLinks.filter(({ inode }) => !comparedLinks.has(inode));
      return {
        same: same + good.length,
        sameBytes: good.reduce((sum, { size }) => sum + size, sameBytes),
        different: [...different, ...bad.map(({ item }) => item)],
      };
    },
  };
}
