/**
 * Folders above what is restored, as they are on disk. restic from 0.17 on puts a folder in the place of a link or file there, which cuts the
 * application off from what lies behind the link; older ones write through it. So neither is left to restic.
 */

import { lstatSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../shared/errors.ts";
import { isWithin } from "../../shared/paths.ts";
import { findNoFolder, type NoFolder, realPath } from "../links.ts";
import { findOnDisk } from "./conflicts.ts";

export interface FoldersAbove {
  /** Looks at a node of the snapshot. Nothing is changed. */
  look(path: string, type: string, isSelected: boolean): void;
  /** @throws UserError PATH_IS_LINK or PATH_NOT_FOUND when a folder above what is restored is none on disk */
  require(): void;
}

function asError({ path, kind }: NoFolder, restored: string): UserError {
  if (kind === "other") {
    return new UserError("PATH_NOT_FOUND", `${path} is no folder now, and ${restored} would be restored below it`, {
      next: `Move ${path} away, then restore again.`,
    });
  }
  const real = realPath(path);
  const leads = real === undefined ? "that leads nowhere" : `to ${real}`;
  return new UserError(
    "PATH_IS_LINK",
    `${path} is a symbolic link ${leads} now, and ${restored} would be restored below it`,
    {
      next: `Put a folder in the place of ${path} and restore again, or download the files and put them where they belong.`,
    },
  );
}

function isLink(path: string): boolean {
  const onDisk = findOnDisk(path);
  if (onDisk === undefined) return false;
  return lstatSync(onDisk, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/**
 * @param roots paths that are restored. Folders in them are replaced by those of the snapshot, where all of them is restored
 * @param isAll whether all of them is, so that patterns leave nothing of a folder out
 * @param targetFolder folder below which they are restored
 */
export function createFoldersAbove(roots: readonly string[], isAll: boolean, targetFolder: string): FoldersAbove {
  /** The last folder of the snapshot that is a link on disk: a list names a folder before what is in it. */
  let link: string | undefined;
  let found: UserError | undefined;
  return {
    look(path, type, isSelected) {
      if (isAll || found !== undefined || !roots.some((root) => isWithin(path, root))) return;
      if (link !== undefined && !isWithin(path, link)) link = undefined;
      if (type === "dir" && link === undefined && isLink(join(targetFolder, path))) link = path;
      if (link !== undefined && isSelected) found = asError({ path: join(targetFolder, link), kind: "link" }, path);
    },
    require() {
      for (const root of roots) {
        const inTheWay = findNoFolder(root, targetFolder);
        if (inTheWay !== undefined) throw asError(inTheWay, root);
      }
      if (found !== undefined) throw found;
    },
  };
}
