/** What stands in the place of a restored entry. */
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { messageOf } from "../../shared/errors.ts";
import { asShown } from "./shown-name.ts";

export interface SeenEntry {
  readonly kind: "file" | "dir" | "symlink" | "fifo" | "dev" | "chardev" | "socket";
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly inode: number;
  readonly links: number;
}

/** Why it can't be looked at; what is not there is no fault. */
export interface UnseenEntry {
  readonly fault: string;
}

const ODD = "\ufffd";
const SLASH = Buffer.from("/");

/**
 * The entry itself, never what a link leads to.
 *
 * @param path as restic shows it: bytes that are no UTF-8 are one replacement character each
 */
export function gatherEntry(path: string): SeenEntry | UnseenEntry | undefined {
  try {
    return look(path) ?? (path.includes(ODD) ? lookForOdd(path) : undefined);
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

/** Text of a link; undefined when it is not there or its bytes are no UTF-8. */
export function gatherLinkTarget(path: string): string | undefined {
  try {
    const bytes = readlinkSync(path, "buffer");
    const text = bytes.toString("utf8");
    return Buffer.from(text).equals(bytes) ? text : undefined;
  } catch {
    return undefined;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function look(path: string | Buffer): SeenEntry | undefined {
  try {
    const stat = lstatSync(path);
    const kind = stat.isFile()
      ? "file"
      : stat.isDirectory()
        ? "dir"
        : stat.isSymbolicLink()
          ? "symlink"
          : stat.isFIFO()
            ? "fifo"
            : stat.isBlockDevice()
              ? "dev"
              : stat.isCharacterDevice()
                ? "chardev"
                : "socket";
    const { uid, gid, size, mtimeMs, ino, nlink } = stat;
    return { kind, uid, gid, size, mode: stat.mode & 0o7777, mtimeMs, inode: ino, links: nlink };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Folder by folder, since each name on the way may be an odd one. */
function lookForOdd(path: string): SeenEntry | undefined {
  let found: Buffer = Buffer.alloc(0);
  for (const part of path.split("/").slice(1)) {
    const own = part.includes(ODD) ? oddName(found, part) : Buffer.from(part);
    if (own === undefined) return undefined;
    found = Buffer.concat([found, SLASH, own]);
  }
  return look(found);
}

function oddName(folder: Buffer, shown: string): Buffer | undefined {
  try {
    const names = readdirSync(folder.length === 0 ? SLASH : folder, { encoding: "buffer" });
    return names.find((name) => asShown(name) === shown);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
