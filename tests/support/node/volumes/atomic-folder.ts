/**
 * A folder of files that change together: each state lies in a folder of its own, `..data` points at the newest, and
 * every file is a link through `..data`. A reader sees the old files or the new ones, never a mixture.
 */
import { chmod, chown, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface VolumeFile {
  readonly data: Buffer;
  readonly mode: number;
  readonly uid?: number;
}

/** Paths relative to the folder. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

/** @param gid group that owns the files and may read them; the pod's fsGroup */
export async function writeAtomicFolder(folder: string, files: VolumeFiles, gid: number | undefined): Promise<void> {
  await mkdir(folder, { recursive: true });
  const previous = await readlink(join(folder, "..data")).catch(() => undefined);
  const version = await mkdtemp(join(folder, "..version-"));
  const versionName = version.slice(folder.length + 1);
  for (const [path, file] of files) {
    const target = join(version, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file.data);
    await chmod(target, gid === undefined ? file.mode : file.mode | 0o440);
    await chown(target, file.uid ?? 0, gid ?? 0);
  }
  await chmod(version, 0o755);
  await symlink(versionName, join(folder, "..data-next"));
  await rename(join(folder, "..data-next"), join(folder, "..data"));
  await linkTopLevel(folder, files);
  if (previous !== undefined) await rm(join(folder, previous), { recursive: true, force: true });
}

async function linkTopLevel(folder: string, files: VolumeFiles): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split("/")[0] ?? path));
  const present = (await readdir(folder)).filter((name) => !name.startsWith(".."));
  for (const name of present) if (!wanted.has(name)) await rm(join(folder, name));
  for (const name of wanted) if (!present.includes(name)) await symlink(join("..data", name), join(folder, name));
}
