/**
 * The restic programs that tests run: the one that the image ships, and the oldest that docs/compatibility.md names. Each
 * comes from PATH when that has the version, else from Debian's package, unpacked once into the cache.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { HELD_VERSIONS, SUITE } from "../../../scripts/image-root/contents.ts";
import { downloadPackages, unpackPackage } from "../../../scripts/image-root/debian-packages.ts";

const run = promisify(execFile);

interface ResticSource {
  /** Beginning of its version. */
  readonly version: string;
  /** Debian's release that has it. */
  readonly suite: string;
}

export const RESTIC_SOURCES = {
  image: { version: HELD_VERSIONS["restic"] ?? "", suite: SUITE },
  oldest: { version: "0.14", suite: "bookworm" },
} as const satisfies Record<string, ResticSource>;

export type ResticName = keyof typeof RESTIC_SOURCES;

export interface ResticProgram {
  readonly name: ResticName;
  /** As the program says, such as 0.18.0. */
  readonly version: string;
  /** Folder that holds nothing but `restic`: put first on PATH, it is the one that runs. */
  readonly folder: string;
  readonly path: string;
}

function folderOf(name: ResticName): string {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(cache, "stash-batch", "restic", RESTIC_SOURCES[name].version);
}

/** @returns undefined when there is no such program, or it is no restic that runs here */
async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ["version"]);
    return /^restic (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function isAsWanted(version: string | undefined, name: ResticName): version is string {
  return version?.startsWith(`${RESTIC_SOURCES[name].version}.`) === true;
}

/** The program in the cache; nothing is fetched. */
export async function findRestic(name: ResticName): Promise<ResticProgram | undefined> {
  const folder = folderOf(name);
  const path = join(folder, "restic");
  const version = await versionOf(path);
  return isAsWanted(version, name) ? { name, version, folder, path } : undefined;
}

/** Those of the programs that are here already. */
export async function findRestics(): Promise<readonly ResticProgram[]> {
  const names: readonly ResticName[] = ["image", "oldest"];
  const found = await Promise.all(names.map(findRestic));
  return found.filter((program) => program !== undefined);
}

/**
 * The program, fetched when it is not here yet.
 *
 * @param onProgress gets one line before something is fetched
 * @throws Error that says what is missing and what to do, when it can't be had
 */
export async function ensureRestic(
  name: ResticName,
  onProgress: (line: string) => void = () => undefined,
): Promise<ResticProgram> {
  const present = await findRestic(name);
  if (present !== undefined) return present;
  const folder = folderOf(name);
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}-`);
  try {
    const onPath = await findOnPath(name);
    if (onPath === undefined) await fetchInto(name, fresh, onProgress);
    else await symlink(onPath, join(fresh, "restic"));
    await rm(folder, { recursive: true, force: true });
    // Whoever came first has put the same program there.
    await rename(fresh, folder).catch(() => undefined);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const made = await findRestic(name);
  if (made === undefined) throw new Error(`${join(folder, "restic")} does not run as ${RESTIC_SOURCES[name].version}`);
  return made;
}

async function findOnPath(name: ResticName): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(":").filter((entry) => entry.startsWith("/"))) {
    const path = join(folder, "restic");
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere && isAsWanted(await versionOf(path), name)) return path;
  }
  return undefined;
}

async function fetchInto(name: ResticName, folder: string, onProgress: (line: string) => void): Promise<void> {
  const { version, suite } = RESTIC_SOURCES[name];
  onProgress(`fetching restic ${version} from Debian ${suite} (some seconds, once)`);
  const root = join(folder, "root");
  try {
    const packages = await downloadPackages(suite, ["restic"], join(dirname(dirname(folder)), `debian-${suite}`));
    const found = packages.find((one) => one.name === "restic");
    if (found === undefined) throw new Error(`Debian ${suite} has no package restic`);
    await mkdir(root);
    await unpackPackage(found, root);
    await rename(join(root, "usr/bin/restic"), join(folder, "restic"));
  } catch (cause) {
    const advice = `put restic ${version} on PATH, or into ${folderOf(name)}`;
    throw new Error(`restic ${version} can't be fetched from Debian ${suite}; ${advice}`, { cause });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
