/**
 * What stands in the way of a restore over existing data. restic before 0.17 can't replace a link or a pipe by one of the same
 * name; worse, it would write a file through a link to wherever that points, wait for ever to open a pipe, and change the
 * content of a file's other names.
 */

import { lstatSync, readdirSync, type Stats, unlinkSync } from "node:fs";
import { join } from "node:path";
import { asUserError } from "../file-faults.ts";
import { comparableName } from "../listed-name.ts";

/** Where a name that is no UTF-8 had bytes that JSON can't say. */
const REPLACED = "\ufffd";

function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Finds the entry on disk that a listed path stands for. @returns undefined when there is none, or more than one could be meant */
export function findOnDisk(path: string): string | Buffer | undefined {
  if (!path.includes(REPLACED)) return path;
  let found = Buffer.from("/");
  for (const part of path.split("/").filter((name) => name !== "")) {
    let names: readonly Buffer[];
    try {
      names = readdirSync(found, { encoding: "buffer" });
    } catch {
      return undefined;
    }
    const matches = names.filter((name) => comparableName(name.toString("utf8")) === comparableName(part));
    const [only, another] = matches;
    if (only === undefined || another !== undefined) return undefined;
    found = Buffer.concat([found, Buffer.from(found.length === 1 ? "" : "/"), only]);
  }
  return found;
}

/** Whether an entry on disk must go before the node can be restored. Folders never go: what is in them is not ours to judge. */
export function isInTheWay(type: string, present: Pick<Stats, "isDirectory" | "isFile" | "nlink">): boolean {
  if (present.isDirectory()) return false;
  if (type === "file") return !present.isFile() || present.nlink > 1;
  return true;
}

/** @throws UserError that names the path and why it has to stay, such as PERMISSION_DENIED on a read-only mount */
function remove(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return;
    throw asUserError(cause, "removal of what stands in the way of a restored file");
  }
}

export interface Conflicts {
  /** Looks at a node of the snapshot. Nothing is changed. */
  look(path: string, type: string): void;
  /** Removes what stands in the way. @returns how many entries */
  clear(): number;
}

/**
 * @param roots paths that are restored; nothing above them is touched
 * @param targetFolder folder below which they are restored
 */
export function createConflicts(roots: readonly string[], targetFolder: string): Conflicts {
  const found: (string | Buffer)[] = [];
  const isInside = (path: string) =>
    roots.some((root) => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`));
  return {
    look(path, type) {
      if (!isInside(path)) return;
      const onDisk = findOnDisk(join(targetFolder, path));
      const present = onDisk === undefined ? undefined : statOf(onDisk);
      if (onDisk !== undefined && present !== undefined && isInTheWay(type, present)) found.push(onDisk);
    },
    clear() {
      for (const path of found) remove(path);
      return found.length;
    },
  };
}

/** restic's words for a link or pipe that it could not make because there is one. */
const EXISTS = /file exists$/;

/** Removes what restic itself found in its way. @returns whether there was anything */
export function clearExisting(errors: readonly { readonly item: string; readonly text: string }[]): boolean {
  let cleared = 0;
  for (const { item, text } of errors) {
    if (!EXISTS.test(text)) continue;
    const onDisk = findOnDisk(item);
    if (onDisk === undefined || statOf(onDisk)?.isDirectory() !== false) continue;
    remove(onDisk);
    cleared++;
  }
  return cleared > 0;
}
