/** What the containers of one pod share: a holder of namespaces, an address, /dev, files of /etc. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NamespaceHolder, startHolder } from "./namespace-holder.ts";
import type { NodeNetwork } from "./node-network.ts";
import { shellWord } from "./shell.ts";

export interface MemoryVolume {
  /** Folder on which the tmpfs is mounted, seen in the pod's mount namespace alone. */
  readonly folder: string;
  readonly sizeBytes?: number;
  readonly gid?: number;
}

export interface SandboxOptions {
  /** The pod's folder; exists. */
  readonly dir: string;
  readonly hostname: string;
  readonly network: NodeNetwork;
  /** Whether the pod asked for the machine's own network. */
  readonly usesHostNetwork: boolean;
  readonly memoryVolumes: readonly MemoryVolume[];
}

export interface PodSandbox {
  readonly holder: NamespaceHolder;
  readonly ip: string;
  readonly devFolder: string;
  /** Kills what still runs in the pod and gives its address back. */
  stop(): Promise<void>;
}

const DEVICES: readonly (readonly [string, string])[] = [
  ["null", "1 3"],
  ["zero", "1 5"],
  ["full", "1 7"],
  ["random", "1 8"],
  ["urandom", "1 9"],
  ["tty", "5 0"],
];

/** @throws Error naming the program that failed */
export async function startPodSandbox(options: SandboxOptions): Promise<PodSandbox> {
  const { network, dir, usesHostNetwork } = options;
  const devFolder = join(dir, "dev");
  await mkdir(devFolder, { recursive: true });
  const ownNetwork = network.mode === "namespaces" && !usesHostNetwork;
  const address = usesHostNetwork ? { ip: network.gateway } : network.reserve();
  const release = async (): Promise<void> => {
    if (!usesHostNetwork) await network.release(address);
  };
  try {
    const holder = await startHolder({
      inside: network.holder,
      unshare: ["--mount", "--uts", "--ipc", ...(ownNetwork ? ["--net"] : [])],
      script: [
        `hostname ${shellWord(options.hostname)}`,
        ...devLines(devFolder),
        ...options.memoryVolumes.flatMap(memoryVolumeLines),
      ].join("\n"),
    });
    try {
      if (!usesHostNetwork) await network.attach(holder, address);
    } catch (error) {
      await holder.end();
      throw error;
    }
    const stop = async (): Promise<void> => {
      await holder.end();
      await release();
    };
    return { holder, ip: address.ip, devFolder, stop };
  } catch (error) {
    await release();
    throw error;
  }
}

function devLines(folder: string): readonly string[] {
  const dev = shellWord(folder);
  return [
    `mount -t tmpfs -o mode=755,size=1m tmpfs ${dev}`,
    ...DEVICES.map(([name, number]) => `mknod -m 666 ${dev}/${name} c ${number}`),
    `ln -s /proc/self/fd ${dev}/fd`,
    `ln -s /proc/self/fd/0 ${dev}/stdin`,
    `ln -s /proc/self/fd/1 ${dev}/stdout`,
    `ln -s /proc/self/fd/2 ${dev}/stderr`,
    `mkdir ${dev}/shm`,
    `mount -t tmpfs -o mode=1777,size=64m tmpfs ${dev}/shm`,
  ];
}

function memoryVolumeLines(volume: MemoryVolume): readonly string[] {
  const folder = shellWord(volume.folder);
  const options = [
    `mode=${volume.gid === undefined ? "0777" : "2777"}`,
    ...(volume.sizeBytes === undefined ? [] : [`size=${volume.sizeBytes}`]),
    ...(volume.gid === undefined ? [] : [`gid=${volume.gid}`]),
  ].join(",");
  return [`mkdir -p ${folder}`, `mount -t tmpfs -o ${options} tmpfs ${folder}`];
}

export interface EtcFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

/** Writes the pod's own /etc/hostname, /etc/resolv.conf and an empty /etc/hosts; returns their paths. */
export async function createEtcFiles(dir: string, hostname: string, namespace: string): Promise<EtcFiles> {
  const folder = join(dir, "etc");
  await mkdir(folder, { recursive: true });
  const files = {
    hosts: join(folder, "hosts"),
    hostname: join(folder, "hostname"),
    resolvConf: join(folder, "resolv.conf"),
  };
  await writeFile(files.hostname, `${hostname}\n`);
  await writeFile(files.hosts, "");
  // No server: names come from /etc/hosts, and a look-up of any other name fails at once instead of leaving the machine.
  await writeFile(files.resolvConf, `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local\n`);
  return files;
}
