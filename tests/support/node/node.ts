/** A real node: containerd, kubelet and kube-proxy of the cluster's version, in namespaces of their own on this machine. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../../shared/errors.ts";
import { listAt, parseJson, textAt } from "../../../shared/json/value.ts";
import { type ApiAnswer, type ApiEndpoint, apiRequest } from "../control-plane/api-request.ts";
import { issueClient, issueServer, loadCertificates } from "../control-plane/certificates.ts";
import { formatKubeconfig } from "../control-plane/kubeconfig.ts";
import type { Programs } from "../control-plane/programs.ts";
import { superviseProcesses } from "../control-plane/supervised-processes.ts";
import { eventually } from "../eventually.ts";
import { type ClusterAddresses, nodeAddresses } from "./addresses.ts";
import { ip } from "./cluster-network.ts";
import { cniConfig, kubeletConfig, NO_REGISTRY, type NodeFolders } from "./configuration.ts";
import { copyStore } from "./image-store.ts";
import { createRuntime } from "./runtime.ts";
import { makeSandbox } from "./sandbox.ts";

const run = promisify(execFile);
const READY_TIMEOUT_MS = 90_000;

export interface NodeOptions {
  readonly name: string;
  /** Which of the cluster's nodes: 1 to MOST_NODES. */
  readonly number: number;
  readonly network: ClusterAddresses;
  readonly endpoint: ApiEndpoint;
  readonly programs: Programs;
  /** Folder of a runtime that holds the layers of the images; each node works on a copy. */
  readonly store: string;
  /** Archive of the images that its pods may have; there is no registry. */
  readonly images: string;
}

export type NodeProgram = "containerd" | "kubelet" | "kube-proxy";

/** What a process that does not hold the node needs of it. */
export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  /** Folder of the kubelet's pods, by uid: `UID/volumes/PLUGIN/NAME`. */
  readonly podsDir: string;
  /** Control group of all its pods. */
  readonly cgroup: string;
}

export interface ClusterNode extends NodeFacts {
  /** Kills one of its programs; pods go on without kubelet and runtime. */
  kill(program: NodeProgram): Promise<void>;
  /** Starts it again. */
  start(program: NodeProgram): Promise<void>;
  importImages(archive: string): Promise<void>;
  /** The end of a program's log. */
  lastWords(program: NodeProgram): Promise<string>;
  /** A loss of power: every process is gone, objects stay. */
  stop(): Promise<void>;
}

/**
 * Starts a node and waits until it is Ready. It can't outlive this process, however this process ends.
 *
 * @throws Error when this machine can't hold a node or a program ends; it quotes the end of its log
 */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const { name, network, endpoint, programs } = options;
  const { address, podCidr, interface: cable } = nodeAddresses(network, options.number);
  const id = randomBytes(4).toString("hex");
  const dir = join(tmpdir(), `stash-batch-node-${id}`);
  const processes = await superviseProcesses(dir, (program, how) => {
    process.stderr.write(`node ${name}: ${program} ended by itself: ${how}\n`);
  });
  try {
    const cgroup = `stash-batch-node-${id}`;
    const cgroups = join(import.meta.dirname, "cgroups.sh");
    await processes.atEnd({ program: cgroups, args: ["remove", cgroup] });
    await run(cgroups, ["make", cgroup]);
    const logs = await logsFolder(dir, name, id);
    const path = `${programs.dir}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const sandbox = await makeSandbox(processes, name, path, logs);
    await processes.atEnd({ program: "ip", args: ["link", "delete", cable] });
    await plugIn(sandbox.pid, network, { address, podCidr, cable });

    const folders: NodeFolders = { dir, containerdRoot: join(dir, "containerd"), pluginsDir: programs.dir };
    await copyStore(options.store, folders.containerdRoot);
    const runtime = await createRuntime(sandbox, folders, programs.dir);
    const files = await writeFiles(options, folders, { address, podCidr, cgroup });
    await runtime.start();
    await runtime.importImages(options.images);

    const programArgs: Readonly<Record<Exclude<NodeProgram, "containerd">, readonly string[]>> = {
      kubelet: [
        `--config=${files.kubelet}`,
        `--kubeconfig=${files.kubeletKubeconfig}`,
        `--hostname-override=${name}`,
        `--node-ip=${address}`,
        `--cert-dir=${join(dir, "kubelet-certificates")}`,
        ...(programs.version.minor < 24
          ? ["--container-runtime=remote", `--container-runtime-endpoint=unix://${join(dir, "containerd.sock")}`]
          : []),
      ],
      "kube-proxy": [
        `--kubeconfig=${files.proxyKubeconfig}`,
        `--hostname-override=${name}`,
        "--proxy-mode=iptables",
        `--cluster-cidr=${network.clusterCidr}`,
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
        "--iptables-min-sync-period=50ms",
      ],
    };
    const start = (program: NodeProgram): Promise<void> =>
      program === "containerd"
        ? runtime.start()
        : sandbox.start(program, join(programs.dir, program), programArgs[program]);
    await Promise.all([start("kubelet"), start("kube-proxy")]);
    const read = async () => {
      for (const program of ["containerd", "kubelet", "kube-proxy"] as const) {
        const end = sandbox.endOf(program);
        if (end !== undefined) throw new Error(`${program} ended: ${end}\n${await sandbox.lastWords(program)}`);
      }
      return apiRequest(endpoint, `/api/v1/nodes/${name}`).catch(messageOf);
    };
    await eventually(read, (answer) => typeof answer !== "string" && isNodeReady(answer), READY_TIMEOUT_MS);
    return {
      name,
      address,
      podsDir: join(dir, "kubelet", "pods"),
      cgroup,
      kill: (program) => sandbox.kill(program),
      start,
      importImages: (archive) => runtime.importImages(archive),
      lastWords: (program) => sandbox.lastWords(program),
      stop: () => processes.finish(),
    };
  } catch (error) {
    await processes.finish();
    throw error;
  }
}

async function logsFolder(dir: string, name: string, id: string): Promise<string> {
  const kept = process.env["STASH_BATCH_CONTROL_PLANE_LOGS"];
  const logs = kept === undefined || kept === "" ? join(dir, "program-logs") : join(kept, `node-${name}-${id}`);
  await mkdir(logs, { recursive: true });
  return logs;
}

/** Puts one end of a cable into the node and the other into the cluster's bridge, and tells this machine where its pods are. */
async function plugIn(
  pid: number,
  network: ClusterAddresses,
  { address, podCidr, cable }: { readonly address: string; readonly podCidr: string; readonly cable: string },
): Promise<void> {
  const inside = (...args: readonly string[]) => run("nsenter", ["--target", String(pid), "--net", "ip", ...args]);
  await ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", String(pid));
  await ip("link", "set", cable, "master", network.bridge, "up");
  await inside("address", "add", `${address}/${network.prefixLength}`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await inside("route", "add", "default", "via", network.gateway);
  await ip("route", "replace", podCidr, "via", address);
}

interface Files {
  readonly kubelet: string;
  readonly kubeletKubeconfig: string;
  readonly proxyKubeconfig: string;
}

async function writeFiles(
  { name, network, endpoint, programs }: NodeOptions,
  folders: NodeFolders,
  { address, podCidr, cgroup }: { readonly address: string; readonly podCidr: string; readonly cgroup: string },
): Promise<Files> {
  const { dir } = folders;
  const { ca } = await loadCertificates();
  const at = (file: string) => join(dir, file);
  const [client, serving, proxy] = await Promise.all([
    issueClient(ca, { user: `system:node:${name}`, groups: ["system:nodes"] }),
    issueServer(ca, { user: `system:node:${name}`, groups: ["system:nodes"] }, [name], [address]),
    issueClient(ca, { user: "system:kube-proxy", groups: [] }),
  ]);
  await Promise.all([at("cni"), at("registries/_default")].map((folder) => mkdir(folder, { recursive: true })));
  const kubelet = kubeletConfig(
    programs.version,
    folders,
    {
      clientCa: at("ca.crt"),
      servingCert: at("kubelet.crt"),
      servingKey: at("kubelet.key"),
      resolvConf: at("resolv.conf"),
    },
    { address, cgroup: `/${cgroup}`, dns: network.gateway },
  );
  const written: Readonly<Record<string, string>> = {
    "ca.crt": ca.certPem,
    "kubelet.crt": serving.certPem,
    "kubelet.key": serving.keyPem,
    "resolv.conf": "",
    "kubelet.yaml": kubelet,
    "kubelet.kubeconfig": formatKubeconfig(endpoint.serverUrl, endpoint.caPem, "kubelet", client),
    "kube-proxy.kubeconfig": formatKubeconfig(endpoint.serverUrl, endpoint.caPem, "kube-proxy", proxy),
    "cni/10-pods.conflist": cniConfig(podCidr, folders),
    "registries/_default/hosts.toml": NO_REGISTRY,
  };
  await Promise.all(Object.entries(written).map(([file, text]) => writeFile(at(file), text, { mode: 0o600 })));
  return {
    kubelet: at("kubelet.yaml"),
    kubeletKubeconfig: at("kubelet.kubeconfig"),
    proxyKubeconfig: at("kube-proxy.kubeconfig"),
  };
}

function isNodeReady({ status, text }: ApiAnswer): boolean {
  if (status !== 200) return false;
  const conditions = listAt(parseJson(text), "status", "conditions");
  return conditions.some((one) => textAt(one, "type") === "Ready" && textAt(one, "status") === "True");
}
