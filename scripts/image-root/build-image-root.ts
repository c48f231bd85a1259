/** The image's file system in a folder, for machines without Docker: what the Dockerfile puts together, from the same sources. */
import { chmod, copyFile, glob, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { buildBundles } from "../build.ts";
import {
  BASE_PACKAGES,
  BUNDLES_FOLDER,
  HELD_VERSIONS,
  INSTALLED_PACKAGES,
  NAMED_PROGRAM,
  NODE_PATH,
  SUITE,
} from "./contents.ts";
import { type DebianPackage, describePackage, downloadPackages, unpackPackage } from "./debian-packages.ts";

const root = resolve(import.meta.dirname, "../..");
const STICKY_MODE = 0o1777;

/**
 * Builds the file system.
 *
 * @param dir folder that is emptied first; absolute
 * @returns the packages in it
 * @throws Error when a package can't be had, or not in the version that it is held to
 */
export async function buildImageRoot(dir: string): Promise<readonly DebianPackage[]> {
  const packages = await buildImageBase(dir);
  await buildImageProgram(dir);
  return packages;
}

/** As buildImageRoot, without our own program: what changes with Debian and node alone. */
export async function buildImageBase(dir: string): Promise<readonly DebianPackage[]> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const names = [...BASE_PACKAGES, ...INSTALLED_PACKAGES];
  const packages = await downloadPackages(SUITE, names, join(cache, "stash-batch", `debian-${SUITE}`));
  checkVersions(packages);
  for (const one of packages) await unpackPackage(one, dir);
  await doAsPackagesWould(dir);
  await writePackageList(dir, packages);
  await mkdir(join(dir, "usr/local/bin"), { recursive: true });
  await copyFile(join(root, "node_modules/node/bin/node"), join(dir, NODE_PATH));
  await chmod(join(dir, NODE_PATH), 0o755);
  return packages;
}

/** Our own program alone, and its licence. @param dir folder that may hold other files */
export async function buildImageProgram(dir: string): Promise<void> {
  await mkdir(dirname(join(dir, NAMED_PROGRAM)), { recursive: true });
  await copyFile(join(import.meta.dirname, "stash-batch"), join(dir, NAMED_PROGRAM));
  await chmod(join(dir, NAMED_PROGRAM), 0o755);
  await buildBundles(join(dir, BUNDLES_FOLDER));
  await copyFile(join(root, "LICENSE"), join(dir, "opt/stash-batch/LICENSE"));
}

function checkVersions(packages: readonly DebianPackage[]): void {
  for (const [name, wanted] of Object.entries(HELD_VERSIONS)) {
    const found = packages.find((one) => one.name === name)?.version;
    if (!found?.startsWith(wanted)) throw new Error(`${name} is held to ${wanted}, but Debian has ${found}`);
  }
}

/** What the packages' own scripts would have done; they are not run, since the folder may be another architecture's. */
async function doAsPackagesWould(dir: string): Promise<void> {
  for (const file of ["passwd", "group"]) {
    await copyFile(join(dir, `usr/share/base-passwd/${file}.master`), join(dir, "etc", file));
  }
  await copyFile(join(dir, "usr/share/libc-bin/nsswitch.conf"), join(dir, "etc/nsswitch.conf"));
  const authorities: string[] = [];
  for await (const path of glob(join(dir, "usr/share/ca-certificates/mozilla/*.crt"))) {
    authorities.push(await readFile(path, "utf8"));
  }
  await mkdir(join(dir, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(dir, "etc/ssl/certs/ca-certificates.crt"), authorities.join(""));
  await rm(join(dir, "var/run"), { recursive: true, force: true });
  await symlink("/run", join(dir, "var/run"));
  for (const folder of ["tmp", "var/tmp"]) {
    await mkdir(join(dir, folder), { recursive: true });
    await chmod(join(dir, folder), STICKY_MODE);
  }
}

/** Where programs that list an image's contents look. */
async function writePackageList(dir: string, packages: readonly DebianPackage[]): Promise<void> {
  const entries = await Promise.all(packages.map(describePackage));
  const text = entries.map((fields) => `${fields}\nStatus: install ok installed\n`).join("\n");
  await mkdir(join(dir, "var/lib/dpkg"), { recursive: true });
  await writeFile(join(dir, "var/lib/dpkg/status"), text);
}
