/** Everything about a tree of files that a backup must bring back, as comparable lines. */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface TreeOptions {
  /** Compare modification times of files, in whole milliseconds. Default true. */
  readonly times?: boolean;
}

/**
 * One line an entry, in order of path: type, mode, owner, size, links, time, SHA-256 or link target, path (escaped). Times of folders are
 * left out, since making their entries again changes them.
 *
 * @param root folder whose contents are described; its own attributes are not
 */
export async function describeTree(root: string, options: TreeOptions = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  await describeFolder(Buffer.from(root), Buffer.alloc(0), lines, options.times ?? true);
  return lines.sort();
}

async function describeFolder(root: Buffer, inside: Buffer, lines: string[], withTimes: boolean): Promise<void> {
  const folder =
    inside.length === 0 ? root : Buffer.from(`${root.toString("latin1")}/${inside.toString("latin1")}`, "latin1");
  for (const name of await readdir(folder, { encoding: "buffer" })) {
    const relative = inside.length === 0 ? name : Buffer.concat([inside, Buffer.from("/"), name]);
    const path = Buffer.concat([folder, Buffer.from("/"), name]);
    const stat = await lstat(path);
    const owner = `${stat.uid}:${stat.gid}`;
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
    const escaped = JSON.stringify(relative.toString("latin1"));
    if (stat.isDirectory()) {
      lines.push(`${escaped} dir ${mode} ${owner}`);
      await describeFolder(root, relative, lines, withTimes);
    } else if (stat.isSymbolicLink()) {
      lines.push(`${escaped} link ${owner} ${JSON.stringify((await readlink(path, "buffer")).toString("latin1"))}`);
    } else if (stat.isFile()) {
      const hash = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      const time = withTimes ? ` ${Math.floor(stat.mtimeMs)}` : "";
      lines.push(`${escaped} file ${mode} ${owner} ${stat.size} x${stat.nlink}${time} ${hash}`);
    } else {
      lines.push(`${escaped} other ${mode} ${owner}`);
    }
  }
}

/** Total of entries and bytes, for people. */
export async function measureTree(root: string): Promise<{ readonly entries: number; readonly bytes: number }> {
  let entries = 0;
  let bytes = 0;
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    entries += 1;
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  }
  return { entries, bytes };
}
