/**
 * Whom a repository in a folder belongs to. What another user writes into it can't be read by its owner, whose next backup would fail; so
 * nobody else looks after it. What counts is as whom a new file appears there: servers of files map users as they like.
 */
import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../shared/errors.ts";

export interface FolderOwner {
  readonly user: number;
  readonly group: number;
}

const PROBE_PREFIX = ".stash-batch-owner-";

/**
 * The repository's owner, where what this process writes would belong to somebody else; undefined where it would not, and where restic
 * itself has to say what is wrong with the folder.
 *
 * @param folder of the repository
 */
export async function findOtherOwner(folder: string): Promise<FolderOwner | undefined> {
  // Made with the repository, by the same user; a folder that can't be looked into is its owner's alone.
  const owner = (await ownerOf(join(folder, "config"))) ?? (await ownerOf(folder));
  if (owner === undefined || owner === "missing") return undefined;
  const user = await writtenAs(folder);
  if (user === undefined || user === owner.user) return undefined;
  return owner;
}

/** @returns undefined where it may not be looked at */
async function ownerOf(path: string): Promise<FolderOwner | "missing" | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { user: uid, group: gid };
  } catch (error) {
    return isRefused(error) ? undefined : "missing";
  }
}

/** As whom a new file appears. Where none can be made that is this process's own user: its owner may not write there either. */
async function writtenAs(folder: string): Promise<number | undefined> {
  const path = join(folder, `${PROBE_PREFIX}${randomUUID()}`);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      return (await file.stat()).uid;
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  } catch (error) {
    return isRefused(error) ? process.geteuid?.() : undefined;
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM");
}

/**
 * @param folder as in findOtherOwner()
 * @param next what to do, where that is known better than the code says
 */
export function otherOwnerError(folder: string, { user, group }: FolderOwner, next?: string): UserError {
  const own = `${process.geteuid?.() ?? "?"}:${process.getegid?.() ?? "?"}`;
  return new UserError(
    "REPOSITORY_OWNER",
    `the repository in ${folder} belongs to user ${user}:${group}, and what user ${own} writes into it that one could not read`,
    next === undefined ? {} : { next },
  );
}
