/** Looks at what restic named. */
import { type Dirent, lstatSync, opendirSync } from "node:fs";
import { basename, join } from "node:path";
import type { ItemKind } from "./read-faults.ts";

const ROOT = 0;

/** Where file systems of the ext family put what a repair finds: root's alone, and no application's. */
const RESERVED = "lost+found";

function kindAt(path: string): ItemKind {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return "missing";
  if (!status.isDirectory()) return "other";
  return basename(path) === RESERVED && status.uid === ROOT ? "reserved" : "folder";
}

/** What is there now; what can't be looked at counts as missing. */
export function itemKindOf(path: string): ItemKind {
  try {
    return kindAt(path);
  } catch {
    return "missing";
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
