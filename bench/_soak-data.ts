/** Data that a soak changes, and what restic itself brings back of it. */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeTree } from "../tests/support/files/tree.ts";
import { STORAGE_PASSWORD } from "../tests/support/restore/application.ts";
import { pick, type Random } from "./_random.ts";

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const MOST_FILES = 40;
const MOST_BYTES = 200_000;
const MOST_CHANGES = 12;

export type Tree = readonly string[];

function bytesOf(random: Random): Buffer {
  const length = Math.floor(random() ** 3 * MOST_BYTES);
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** Writes, removes, links and re-modes some files of a folder. */
export async function changeFolder(folder: string, random: Random): Promise<void> {
  for (let left = 1 + Math.floor(random() * MOST_CHANGES); left > 0; left -= 1) {
    const inside = pick(random, [".", "a", "a/b", "with blank", "größe"]);
    const name = `f${Math.floor(random() * MOST_FILES)}`;
    const path = join(folder, inside, name);
    await mkdir(join(folder, inside), { recursive: true });
    await rm(path, { recursive: true, force: true });
    const kind = random();
    if (kind < 0.15) continue;
    if (kind < 0.25) await symlink(pick(random, ["f1", "/nowhere", "../f2"]), path);
    else await writeFile(path, bytesOf(random));
    if (kind > 0.8) await chmod(path, 0o640);
  }
}

/** Takes everything away, or spoils it so that only what is in the files tells. */
export async function damageFolder(folder: string, random: Random): Promise<void> {
  const isEmptied = random() < 0.5;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || isEmptied) continue;
    const { size, atime, mtime } = await stat(path);
    if (random() < 0.3) await rm(path);
    else {
      await writeFile(path, Buffer.alloc(size, "x"));
      await utimes(path, atime, mtime);
    }
  }
  if (isEmptied) await emptyFolder(folder);
}

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

export interface KeptCopy {
  readonly tree: Tree;
  readonly folder: string;
}

export async function keepCopy(folder: string, copy: string): Promise<KeptCopy> {
  await rm(copy, { recursive: true, force: true });
  await cp(folder, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return { tree: await describeTree(folder), folder: copy };
}

export async function putBack(copy: KeptCopy, folder: string): Promise<void> {
  await emptyFolder(folder);
  await cp(copy.folder, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

export interface SavedHost {
  readonly id: string;
  readonly session: string;
  readonly hostname: string;
  readonly paths: readonly string[];
}

/** Looks into the repository without the product. */
export class Repository {
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.#env = { ...process.env, RESTIC_PASSWORD: STORAGE_PASSWORD, RESTIC_REPOSITORY: folder };
  }

  async #restic(...args: readonly string[]): Promise<string> {
    const options = { env: this.#env, maxBuffer: MAX_OUTPUT_BYTES };
    const { stdout } = await run("restic", ["--no-cache", "--no-lock", ...args], options);
    return stdout;
  }

  /** Snapshots of all sessions. @param namespace of the sessions, which is left out of their names */
  async savedHosts(namespace: string): Promise<readonly SavedHost[]> {
    const listed: unknown = JSON.parse(await this.#restic("snapshots", "--json"));
    const prefix = `session=${namespace}/`;
    return (Array.isArray(listed) ? listed : []).map((item: unknown) => {
      const { id, hostname, paths, tags } = snapshotOf(item);
      const session = tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? "";
      return { id, hostname, paths, session };
    });
  }

  /** What the snapshot holds below `/data`. */
  async treeOf(id: string, scratch: string): Promise<Tree> {
    await rm(scratch, { recursive: true, force: true });
    await this.#restic("restore", id, "--target", scratch);
    const tree = await describeTree(join(scratch, "data"));
    await rm(scratch, { recursive: true, force: true });
    return tree;
  }

  /** @throws Error with restic's words when something is missing or damaged */
  async check(): Promise<void> {
    await this.#restic("check", "--read-data");
  }
}

interface Snapshot {
  readonly id: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

function snapshotOf(value: unknown): Snapshot {
  const at = (key: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  const texts = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map(String) : []);
  return { id: String(at("id")), hostname: String(at("hostname")), paths: texts(at("paths")), tags: texts(at("tags")) };
}
