/**
 * Puts entries of an archive below a folder of this machine. A backup holds what some application wrote, so nothing in it may reach out of
 * that folder: no path with `..`, and nothing is written through a link.
 */
import { constants } from "node:fs";
import { chmod, link, lstat, mkdir, open, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../shared/errors.ts";
import type { TarEntry } from "./tar-entries.ts";

export interface Placed {
  /** Bytes that were written. */
  readonly bytes: number;
  /** Why it was left out; undefined when it is there. */
  readonly leftOut: string | undefined;
}

/** Segments of a path below the folder; undefined for one that leads elsewhere. */
export function safeSegments(path: string): readonly string[] | undefined {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.some((segment) => segment === ".." || segment.includes("\0")) ? undefined : segments;
}

/**
 * Name of a folder for what somebody else gave a name: of one segment, and never that of another. Pure. What would lead elsewhere stands
 * as in an address: `../db` is `..%2Fdb`.
 */
export function folderName(text: string): string {
  const name = text.replace(/[\p{Cc}%/\\]/gu, escaped);
  return name === "" ? "%" : /^\.\.?$/.test(name) ? name.replace(/\./g, escaped) : name;
}

const escaped = (sign: string) => encodeURIComponent(sign).replace(".", "%2E");

/** Makes a folder in another one, where nothing leads out of that. @returns its path @throws UserError as `placeEntry` */
export async function placeFolder(folder: string, name: string): Promise<string> {
  const target = join(folder, folderName(name));
  try {
    await makeFolder(target);
  } catch (cause) {
    throw explain(target, cause);
  }
  return target;
}

/**
 * @param onBytes is told of bytes as they are written
 * @throws UserError NO_SPACE, PERMISSION_DENIED or INTERNAL with what the machine says
 */
export async function placeEntry(
  folder: string,
  entry: TarEntry,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Placed> {
  const segments = safeSegments(entry.path);
  if (segments === undefined) return { bytes: 0, leftOut: "its path leads out of the folder" };
  const target = join(folder, ...segments);
  try {
    await makeFolders(folder, segments.slice(0, -1));
    return await place(folder, target, entry, onBytes);
  } catch (cause) {
    throw explain(target, cause);
  }
}

async function place(
  folder: string,
  target: string,
  entry: TarEntry,
  onBytes: (bytes: number) => void,
): Promise<Placed> {
  const { type, mode, modifiedAt } = entry;
  switch (type) {
    case "folder":
      await makeFolder(target);
      // Whoever downloads has to write into it.
      await chmod(target, mode | 0o700);
      return { bytes: 0, leftOut: undefined };
    case "file": {
      await makeRoom(target);
      const bytes = await writeFile(target, entry, onBytes);
      await utimes(target, modifiedAt, modifiedAt);
      return { bytes, leftOut: undefined };
    }
    case "symlink":
      await makeRoom(target);
      await symlink(entry.linkTarget, target);
      return { bytes: 0, leftOut: undefined };
    case "hardlink": {
      const other = safeSegments(entry.linkTarget);
      if (other === undefined) return { bytes: 0, leftOut: "it is a link to something outside" };
      await makeFolders(folder, other.slice(0, -1));
      await makeRoom(target);
      await link(join(folder, ...other), target);
      return { bytes: 0, leftOut: undefined };
    }
    default:
      return { bytes: 0, leftOut: "it is no file, folder or link" };
  }
}

async function writeFile(target: string, { data, mode }: TarEntry, onBytes: (bytes: number) => void): Promise<number> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  const file = await open(target, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode | 0o200);
  let bytes = 0;
  try {
    for await (const chunk of data) {
      await file.writeFile(chunk);
      bytes += chunk.length;
      onBytes(chunk.length);
    }
    await file.chmod(mode);
  } finally {
    await file.close();
  }
  return bytes;
}

/** Each folder on the way must be one, and no link to one. */
async function makeFolders(folder: string, segments: readonly string[]): Promise<void> {
  let at = folder;
  for (const segment of segments) {
    at = join(at, segment);
    await makeFolder(at);
  }
}

async function makeFolder(path: string): Promise<void> {
  const known = await lstat(path).catch(() => undefined);
  if (known?.isDirectory() === true) return;
  // What lies there is of an earlier entry or download; a link to a folder would lead elsewhere.
  if (known !== undefined) await rm(path);
  await mkdir(path);
}

/** What is downloaded again replaces what is there. */
async function makeRoom(path: string): Promise<void> {
  const known = await lstat(path).catch(() => undefined);
  if (known?.isDirectory() === true) throw new Error(`${path} is a folder`);
  if (known !== undefined) await rm(path);
  else await mkdir(dirname(path), { recursive: true });
}

function explain(target: string, cause: unknown): Error {
  if (cause instanceof UserError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = cause instanceof Error ? cause.message : String(cause);
  const known =
    code === "ENOSPC" ? "NO_SPACE" : code === "EACCES" || code === "EPERM" ? "PERMISSION_DENIED" : "INTERNAL";
  return new UserError(known, `${target} can't be written: ${why}`, {
    next: "choose another folder with -o",
    cause,
  });
}
