/** Whether what restic saved of a path may be called its backup. Pure. */
import { UserError } from "../../shared/errors.ts";

export interface PathFacts {
  readonly path: string;
  /** Files that restic read. */
  readonly filesRead: number;
  /** Files and folders that it could not read. */
  readonly unreadable: number;
  /** The first folder that it could not read, with its words. */
  readonly firstFolder: string | undefined;
  /** restic said that something could not be read, and named nothing. */
  readonly isUnnamed: boolean;
  /** Whether there is a file at all, where restic read none. */
  readonly hasFile: boolean;
}

/**
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | a folder could not be read | FILES_UNREADABLE |
 * | 2 | something could not be read, and no file was | FILES_UNREADABLE |
 * | 3 | restic says that it could not read something, and not what | FILES_UNREADABLE |
 * | 4 | no file was read, though there are some | NOTHING_SELECTED |
 * | 5 | otherwise | it may |
 */
export function judgePath(facts: PathFacts): UserError | undefined {
  const { path, filesRead, unreadable, firstFolder, isUnnamed, hasFile } = facts;
  if (firstFolder !== undefined) {
    const others = unreadable > 1 ? `, and ${unreadable - 1} more could not be read` : "";
    return new UserError("FILES_UNREADABLE", `backup of ${path}: a folder could not be read: ${firstFolder}${others}`);
  }
  if (unreadable > 0 && filesRead === 0) {
    return new UserError("FILES_UNREADABLE", `backup of ${path}: no file could be read, and ${unreadable} could not`);
  }
  if (isUnnamed) return new UserError("FILES_UNREADABLE", `backup of ${path}: restic could not read all files`);
  if (filesRead === 0 && hasFile) {
    return new UserError("NOTHING_SELECTED", `backup of ${path}: every file of it is left out`, {
      next: "Correct target.exclude and target.args so that they leave what is wanted.",
    });
  }
  return undefined;
}
