/**
 * Takes note, in the scratch folder, that this pod has begun to write data that is not whole yet. The folder outlives the
 * container's restarts, and the note a restore that is deleted: what it says can be known from nowhere else then.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnRestoreFailure } from "../../shared/api/closed-lists.ts";
import { readerOf } from "../../shared/api/parse.ts";
import { object, oneOf, text } from "../../shared/api/schema.ts";

const readBegun = readerOf(object({ restore: text, hostname: text, onFailure: oneOf(OnRestoreFailure) }), () => "note");

/** Which restore began on which host, and what it says about failures. */
export type Begun = ReturnType<typeof readBegun>;

export interface BegunMark {
  /** @returns undefined when nothing is half done */
  read(): Begun | undefined;
  write(begun: Begun): void;
  /** The data is whole. */
  clear(): void;
}

/** Something was begun; a damaged note is no reason to start an application on half its data. */
const UNREADABLE: Begun = { restore: "a restore", hostname: "unknown", onFailure: OnRestoreFailure.Hold };

export function openBegunMark(scratch: string): BegunMark {
  const path = join(scratch, "restore-begun.json");
  return {
    read() {
      let content: string;
      try {
        content = readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
      try {
        return readBegun(JSON.parse(content));
      } catch {
        return UNREADABLE;
      }
    },
    write(begun) {
      mkdirSync(scratch, { recursive: true });
      // All of it or nothing, wherever the process ends.
      writeFileSync(`${path}.new`, JSON.stringify(begun));
      renameSync(`${path}.new`, path);
    },
    clear: () => rmSync(path, { force: true }),
  };
}
