/**
 * Takes note, in the scratch folder, that this pod has begun to write data that is not whole yet. The folder outlives the
 * container's restarts, and the note a restore that is deleted: what it says can be known from nowhere else then.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnRestoreFailure } from "../../shared/api/closed-lists.ts";
import { type Checked, oneOf, parse, shape, text } from "../parse/check.ts";

const checkBegun = shape({ restore: text, hostname: text, onFailure: oneOf(OnRestoreFailure) });

/** Which restore began on which host, and what it says about failures. */
export type Begun = Checked<typeof checkBegun>;

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
        return parse<Begun>(checkBegun, JSON.parse(content));
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
