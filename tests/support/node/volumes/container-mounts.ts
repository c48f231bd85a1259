/** The mounts of one container: its volumeMounts, the image's binds and the files that every container gets. */
import { mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { V1Container, V1VolumeMount } from "@kubernetes/client-node";
import type { ImageEntry } from "../image-table.ts";
import { ContainerConfigError } from "../pod/container-env.ts";
import { expandReferences } from "../pod/expansion.ts";
import type { MountSpec } from "../sandbox/container-script.ts";
import type { EtcFiles } from "../sandbox/pod-sandbox.ts";
import type { PodVolumes } from "./pod-volumes.ts";

export interface MountOptions {
  readonly container: V1Container;
  readonly image: ImageEntry;
  readonly volumes: PodVolumes;
  readonly env: ReadonlyMap<string, string>;
  readonly etc: EtcFiles;
  /** File of this machine that the container sees as its termination log. */
  readonly terminationLog: string;
  /** Names of volumes in memory: only the pod's own view shows what is in them. */
  readonly memoryVolumes: ReadonlySet<string>;
}

export const DEFAULT_TERMINATION_LOG = "/dev/termination-log";

/** @throws ContainerConfigError when a mount names no volume or leaves it */
export async function gatherMounts(options: MountOptions): Promise<readonly MountSpec[]> {
  const { container, image, etc, terminationLog } = options;
  await writeFile(terminationLog, "", { mode: 0o666 });
  const binds = await Promise.all(
    (image.binds ?? []).map(async (bind): Promise<MountSpec> => {
      const source = await realpath(bind.host);
      return { source, target: bind.path, readOnly: bind.readOnly === true, isFolder: await isFolder(source) };
    }),
  );
  const volumes = await Promise.all((container.volumeMounts ?? []).map((mount) => gatherVolumeMount(options, mount)));
  const taken = new Set(volumes.map((mount) => mount.target));
  const files = [
    { source: etc.hosts, target: "/etc/hosts" },
    { source: etc.hostname, target: "/etc/hostname" },
    { source: etc.resolvConf, target: "/etc/resolv.conf" },
    { source: terminationLog, target: container.terminationMessagePath ?? DEFAULT_TERMINATION_LOG },
  ].map((file): MountSpec => ({ ...file, readOnly: false, isFolder: false }));
  return [...binds, ...files.filter((file) => !taken.has(file.target)), ...volumes];
}

async function gatherVolumeMount(options: MountOptions, mount: V1VolumeMount): Promise<MountSpec> {
  const volume = options.volumes.get(mount.name);
  if (volume === undefined) throw new ContainerConfigError(`cannot find volume "${mount.name}" to mount`);
  const subPath = mount.subPathExpr === undefined ? mount.subPath : expandReferences(mount.subPathExpr, options.env);
  const readOnly = mount.readOnly === true || volume.readOnly;
  const target = join("/", mount.mountPath).replace(/(.)\/$/, "$1");
  if (subPath === undefined || subPath === "") {
    return { source: volume.path, target, readOnly, isFolder: await isFolder(volume.path) };
  }
  if (options.memoryVolumes.has(mount.name)) throw new ContainerConfigError("subPath of a volume in memory");
  const wanted = resolve(volume.path, subPath);
  if (!isWithin(volume.path, wanted)) throw new ContainerConfigError(`subPath ${subPath} leaves the volume`);
  if ((await stat(wanted).catch(() => undefined)) === undefined) await mkdir(wanted, { recursive: true, mode: 0o777 });
  const source = await realpath(wanted);
  if (!isWithin(await realpath(volume.path), source))
    throw new ContainerConfigError(`subPath ${subPath} leaves the volume`);
  return { source, target, readOnly, isFolder: await isFolder(source) };
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}
