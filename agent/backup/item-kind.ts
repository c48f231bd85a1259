/** Looks at what restic named. */

import { type Dirent, lstatSync, opendirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { comparableName } from "../listed-name.ts";
import type { ItemKind } from "./read-faults.ts";

const ROOT = 0;

/** Where file systems of the ext family put what a repair finds: root's alone, and no application's. */
const RESERVED = "lost+found";

/** How a file system is asked; what it throws is an answer too. */
export interface Looks {
  /** @returns undefined when there is nothing of that name */
  stat(path: string): { isDirectory(): boolean; readonly uid: number } | undefined;
  /** Names in a folder, with whether each is one. */
  list(folder: string): Iterable<{ readonly name: string; isDirectory(): boolean }>;
}

const ON_DISK: Looks = {
  stat: (path) => lstatSync(path, { throwIfNoEntry: false }),
  *list(folder) {
    const opened = opendirSync(folder);
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) yield entry;
    } finally {
      opened.closeSync();
    }
  },
};

/** A name that can't be looked up: gone only when its folder does not list it any more, or is gone itself. */
function kindOfLost(path: string, looks: Looks): ItemKind {
  const folder = dirname(path);
  if (folder === path) return "unseen";
  if (looks.stat(folder) === undefined) return kindOfLost(folder, looks) === "missing" ? "missing" : "unseen";
  const name = comparableName(basename(path));
  for (const entry of looks.list(folder)) {
    if (comparableName(entry.name) === name) return entry.isDirectory() ? "folder" : "other";
  }
  return "missing";
}

/** What is there now. */
export function itemKindOf(path: string, looks: Looks = ON_DISK): ItemKind {
  try {
    const status = looks.stat(path);
    if (status === undefined) return kindOfLost(path, looks);
    if (!status.isDirectory()) return "other";
    return basename(path) === RESERVED && status.uid === ROOT ? "reserved" : "folder";
  } catch {
    return "unseen";
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    const opened = opendirSync(folder);
    const entries: Dirent[] = [];
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) entries.push(entry);
    } finally {
      opened.closeSync();
    }
    return entries;
  } catch {
    // restic tells what it can't read; this only looks for what it left out.
    return [];
  }
}

/** Whether there is a regular file at the path or anywhere below it. */
export function hasFile(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isSymbolicLink()) return false;
  if (!status.isDirectory()) return status.isFile();
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      if (entry.isFile()) return true;
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return false;
}
