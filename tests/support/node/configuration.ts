/** What the programs of a node are told: files of containerd, of the CNI plugins and of the kubelet. */
import { join } from "node:path";
import { stringify } from "yaml";
import type { KubernetesVersion } from "../control-plane/programs.ts";
import { CLUSTER_DOMAIN } from "./addresses.ts";

export interface NodeFolders {
  /** Everything of the node. */
  readonly dir: string;
  /** containerd's images and snapshots. */
  readonly containerdRoot: string;
  /** Folder of the CNI plugins. */
  readonly pluginsDir: string;
}

export const PAUSE_IMAGE = "stash-batch.invalid/pause:1";

/** The path of a socket has at most 107 characters, so it lies right in the node's folder. */
export function containerdSocket({ dir }: NodeFolders): string {
  return join(dir, "containerd.sock");
}

/**
 * containerd's configuration.
 *
 * @param generation its major version: 1 (Debian 12) or 2
 * @param runcPath the program that starts containers
 */
export function containerdConfig(folders: NodeFolders, generation: 1 | 2, runcPath: string): string {
  const { dir, containerdRoot, pluginsDir } = folders;
  const common = [
    `root = ${quote(containerdRoot)}`,
    `state = "/run/containerd"`,
    `[grpc]`,
    `  address = ${quote(containerdSocket(folders))}`,
    `[ttrpc]`,
    `  address = ${quote(`${containerdSocket(folders)}.ttrpc`)}`,
    `[debug]`,
    `  level = "warn"`,
  ];
  const runtime = (prefix: string) => [
    `[plugins.${quote(prefix)}.cni]`,
    generation === 2 ? `  bin_dirs = [${quote(pluginsDir)}]` : `  bin_dir = ${quote(pluginsDir)}`,
    `  conf_dir = ${quote(join(dir, "cni"))}`,
    `[plugins.${quote(prefix)}.containerd]`,
    `  default_runtime_name = "runc"`,
    ...(generation === 1 ? [`  snapshotter = "overlayfs"`] : []),
    `[plugins.${quote(prefix)}.containerd.runtimes.runc]`,
    `  runtime_type = "io.containerd.runc.v2"`,
    `[plugins.${quote(prefix)}.containerd.runtimes.runc.options]`,
    `  BinaryName = ${quote(runcPath)}`,
    `  SystemdCgroup = false`,
  ];
  const cri =
    generation === 2
      ? [
          `[plugins."io.containerd.cri.v1.images"]`,
          `  snapshotter = "overlayfs"`,
          `[plugins."io.containerd.cri.v1.images".registry]`,
          `  config_path = ${quote(join(dir, "registries"))}`,
          `[plugins."io.containerd.cri.v1.images".pinned_images]`,
          `  sandbox = ${quote(PAUSE_IMAGE)}`,
          `[plugins."io.containerd.cri.v1.runtime"]`,
          `  restrict_oom_score_adj = true`,
          ...runtime("io.containerd.cri.v1.runtime"),
        ]
      : [
          `[plugins."io.containerd.grpc.v1.cri"]`,
          `  sandbox_image = ${quote(PAUSE_IMAGE)}`,
          `  restrict_oom_score_adj = true`,
          `[plugins."io.containerd.grpc.v1.cri".registry]`,
          `  config_path = ${quote(join(dir, "registries"))}`,
          ...runtime("io.containerd.grpc.v1.cri"),
        ];
  return [
    `version = ${generation === 2 ? 3 : 2}`,
    ...common,
    ...cri,
    `[plugins."io.containerd.internal.v1.opt"]`,
    `  path = ${quote(join(dir, "opt"))}`,
    "",
  ].join("\n");
}

/** Every registry is one that refuses at once: what was not imported can't be had, and that is known without waiting. */
export const NO_REGISTRY = `server = "http://127.0.0.1:1"\n`;

/** A TOML text of these characters is written as JSON writes it. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** Pods of the node in one bridge, each with an address of the range; all else is routed by the node. */
export function cniConfig(podCidr: string, folders: NodeFolders): string {
  return JSON.stringify(
    {
      cniVersion: "1.0.0",
      name: "pods",
      plugins: [
        {
          type: "bridge",
          bridge: "pods0",
          isGateway: true,
          hairpinMode: true,
          ipam: {
            type: "host-local",
            dataDir: join(folders.dir, "addresses"),
            ranges: [[{ subnet: podCidr }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    },
    undefined,
    2,
  );
}

export interface KubeletFiles {
  readonly clientCa: string;
  readonly servingCert: string;
  readonly servingKey: string;
  readonly resolvConf: string;
}

/**
 * The kubelet's configuration.
 *
 * @param address where it serves logs and exec
 * @param cgroup folder below each cgroup controller that holds everything of the node's pods, such as `/name`
 * @param dns address of the server of Service names
 */
export function kubeletConfig(
  version: KubernetesVersion,
  folders: NodeFolders,
  files: KubeletFiles,
  { address, cgroup, dns }: { readonly address: string; readonly cgroup: string; readonly dns: string },
): string {
  const socket = `unix://${containerdSocket(folders)}`;
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: files.clientCa },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: files.servingCert,
    tlsPrivateKeyFile: files.servingKey,
    clusterDNS: [dns],
    clusterDomain: CLUSTER_DOMAIN,
    resolvConf: files.resolvConf,
    healthzBindAddress: "127.0.0.1",
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: ["pods"],
    failSwapOn: false,
    // These machines may not lower a process's score.
    oomScoreAdj: 0,
    maxPods: 250,
    serializeImagePulls: false,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      "memory.available": "200Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
      "nodefs.inodesFree": "1%",
    },
    evictionPressureTransitionPeriod: "10s",
    // What a Secret or a token turned into reaches the files of a pod within this time.
    syncFrequency: "10s",
    // A volume that outgrew its limit is seen within this time.
    volumeStatsAggPeriod: "5s",
    nodeStatusUpdateFrequency: "5s",
    nodeLeaseDurationSeconds: 10,
    ...(version.minor >= 24 ? { containerRuntimeEndpoint: socket, localStorageCapacityIsolation: true } : {}),
    ...(version.minor >= 30 ? { podLogsDir: join(folders.dir, "logs") } : {}),
    ...(version.minor >= 31 ? { failCgroupV1: false } : {}),
    // A container that fails is started again after this time, not after ten seconds to five minutes.
    ...(version.minor >= 35 ? { crashLoopBackOff: { maxContainerRestartPeriod: "2s" } } : {}),
  });
}
