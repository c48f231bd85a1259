/** Symbolic links that a path leads through. restic follows them when it saves, and puts folders in their place when it restores. */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { join, sep } from "node:path";

/** Where a path leads in truth. @returns undefined when it leads nowhere */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** What stands in a folder's place. */
export interface NoFolder {
  readonly path: string;
  readonly kind: "link" | "other";
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** A path's parts as paths of their own, outermost first: of `/a/b` `/a` and `/a/b`. */
function partsOf(path: string): readonly string[] {
  const names = path.split(sep).filter((name) => name !== "");
  return names.map((_, at) => sep + names.slice(0, at + 1).join(sep));
}

/** The first of the path and the folders above it that is a symbolic link. */
export function findLink(path: string): string | undefined {
  return partsOf(path).find((part) => statOf(part)?.isSymbolicLink() === true);
}

/**
 * The first folder above a path that is a link or no folder. What is not there yet is nothing in the way.
 *
 * @param below only folders below this one
 */
export function findNoFolder(path: string, below: string): NoFolder | undefined {
  for (const part of partsOf(path).slice(0, -1)) {
    const status = statOf(join(below, part));
    if (status === undefined) return undefined;
    if (!status.isDirectory()) return { path: join(below, part), kind: status.isSymbolicLink() ? "link" : "other" };
  }
  return undefined;
}
