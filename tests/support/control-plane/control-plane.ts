/** A real control plane for tests and the demo, on loopback or in a network of nodes: etcd, API server, controller manager and scheduler. */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterAddresses } from "../node/addresses.ts";
import { makeClusterNetwork } from "../node/cluster-network.ts";
import type { ApiEndpoint } from "./api-request.ts";
import { type CertificateFolder, type KeyAndCertificate, loadCertificates } from "./certificates.ts";
import { applyDefinitions } from "./custom-resource-definitions.ts";
import { compactToNewest, type EtcdEntry, putEntries } from "./etcd.ts";
import { LOOPBACK } from "./flags.ts";
import { findFreePorts } from "./free-ports.ts";
import { formatKubeconfig, makeUserKubeconfig } from "./kubeconfig.ts";
import { findPrograms, type Programs } from "./programs.ts";
import { PortTakenError, type ServerProcesses, serverProcesses } from "./server-processes.ts";
import { type SupervisedProcesses, superviseProcesses } from "./supervised-processes.ts";

const DEFINITIONS_FOLDER = join(import.meta.dirname, "..", "..", "..", "manifests", "crds");
/** Ports are chosen before they are bound, so another process can come in between. */
const PORT_ATTEMPTS = 4;

export interface ControlPlane {
  /** https://127.0.0.1:PORT, or https://GATEWAY:PORT with a network. */
  readonly serverUrl: string;
  /** What nodes plug into; undefined without the option. */
  readonly network: ClusterAddresses | undefined;
  /** As a client in system:masters. */
  readonly endpoint: ApiEndpoint;
  readonly programs: Programs;
  /** Data folder; removed on stop, and when this process dies. */
  readonly dir: string;
  /** Kubeconfig of a user in system:masters. */
  readonly kubeconfigPath: string;
  readonly caPem: string;
  readonly programsDir: string;
  /** The authority of the API server's certificate as front proxy. */
  readonly frontProxyCa: KeyAndCertificate;
  /** The authority that the API server trusts for serving certificates of kubelets; it signs the kubelet client's too. */
  readonly kubeletCa: { readonly certPath: string; readonly keyPath: string };
  /** @returns path of a kubeconfig with a client certificate for that user */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>;
  /** Kills the API server and waits until it has ended; etcd and the controllers stay. SIGKILL by default. */
  killApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts a killed API server on the same port with the same data; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Starts scheduler and controller manager again where they have ended: a scheduler may, when its API server was away. */
  startEndedControllers(): Promise<void>;
  /**
   * Makes etcd forget all revisions before the newest: from older ones, lists and watches that reach etcd get 410.
   * The API server's own watch cache still answers for the changes since its start (not for Events, which it doesn't
   * cache); a restart of the API server forgets these too.
   */
  compactEtcd(): Promise<void>;
  /** Puts objects into etcd past the API server, by the hundred: see putEntries. */
  putInEtcd(entries: readonly EtcdEntry[]): Promise<void>;
  /** Ends all processes and removes the folder. Calling it again changes nothing. */
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Applies manifests/crds and waits until they are served. Default true. */
  readonly crds?: boolean;
  /** Whether nodes can join: the API server then listens at an address of a network of its own. Needs root. Default false. */
  readonly nodes?: boolean;
  /** Default true. */
  readonly scheduler?: boolean;
  /** Default true. Without it no ServiceAccount is made, so that pods need one made by the test. */
  readonly controllerManager?: boolean;
  readonly extraApiServerFlags?: readonly string[];
  /** With the aggregation layer, which clusters with nodes always have. */
  readonly isAggregating?: boolean;
  /** Gets lines about how the programs are found, and about servers that end by themselves. Default: stderr. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Starts a control plane on free ports. It can't outlive this process, however this process ends.
 *
 * When STASH_BATCH_CONTROL_PLANE_LOGS names a folder, the programs' logs are written there and kept.
 *
 * @throws Error when the programs are missing, or one of them ends or isn't ready in time; it quotes the end of its log
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const onProgress = options.onProgress ?? ((line) => process.stderr.write(`${line}\n`));
  const [programs, certificates] = await Promise.all([findPrograms(onProgress), loadCertificates()]);
  for (let attempt = 1; ; attempt++) {
    const name = `stash-batch-control-plane-${randomBytes(6).toString("hex")}`;
    const processes = await superviseProcesses(join(tmpdir(), name), (server, how) => {
      onProgress(`the control plane's ${server} ended by itself: ${how}`);
    });
    try {
      return await startIn(processes, name, programs, certificates, options);
    } catch (error) {
      await processes.finish();
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startIn(
  processes: SupervisedProcesses,
  name: string,
  programs: Programs,
  certificates: CertificateFolder,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { dir } = processes;
  const network = options.nodes === true ? await makeClusterNetwork(processes) : undefined;
  const [etcdClient = 0, etcdPeer = 0, apiServer = 0] = await findFreePorts(3);
  const endpoint: ApiEndpoint = {
    serverUrl: `https://${network?.gateway ?? LOOPBACK}:${apiServer}`,
    caPem: certificates.ca.certPem,
    client: certificates.clients.admin,
  };
  const kubeconfigs = join(dir, "kubeconfigs");
  const keptLogs = process.env["STASH_BATCH_CONTROL_PLANE_LOGS"];
  const logs = keptLogs ? join(keptLogs, name) : join(dir, "logs");
  await Promise.all([mkdir(kubeconfigs), mkdir(logs, { recursive: true })]);

  async function writeKubeconfig(file: string, user: string, client: ApiEndpoint["client"]): Promise<string> {
    const path = join(kubeconfigs, `${file}.yaml`);
    await writeFile(path, formatKubeconfig(endpoint.serverUrl, endpoint.caPem, user, client), { mode: 0o600 });
    return path;
  }

  const [kubeconfigPath, controllerManager, scheduler] = await Promise.all(
    (["admin", "controller-manager", "scheduler"] as const).map((client) => {
      return writeKubeconfig(client, client, certificates.clients[client]);
    }),
  );
  if (!kubeconfigPath || !controllerManager || !scheduler) throw new Error("a kubeconfig was not written");

  const servers: ServerProcesses = serverProcesses({
    processes,
    programs,
    ports: { etcdClient, etcdPeer, apiServer },
    pki: certificates.path,
    kubeconfigs: { controllerManager, scheduler },
    logs,
    endpoint,
    network,
    extraApiServerFlags: options.extraApiServerFlags ?? [],
    isAggregating: options.isAggregating ?? false,
  });
  await servers.startEtcd();
  // One after the other: a controller manager that meets no API server falls back to an older way of making tokens, and
  // both would wait longer and longer between their tries.
  await servers.startApiServer();
  await Promise.all([
    options.controllerManager === false ? undefined : servers.startControllerManager(),
    options.scheduler === false ? undefined : servers.startScheduler(),
  ]);
  await Promise.all([
    options.controllerManager === false ? undefined : servers.waitForServiceAccount(),
    options.crds === false ? undefined : applyDefinitions(endpoint, DEFINITIONS_FOLDER),
  ]);

  let users = 0;
  return {
    serverUrl: endpoint.serverUrl,
    network,
    endpoint,
    programs,
    dir,
    kubeconfigPath,
    caPem: endpoint.caPem,
    programsDir: programs.dir,
    frontProxyCa: certificates.frontProxyCa,
    kubeletCa: { certPath: join(certificates.path, "ca.crt"), keyPath: join(certificates.path, "ca.key") },
    async kubeconfigFor(user, groups) {
      // User names hold colons and slashes, so the file takes a number.
      const path = join(kubeconfigs, `user-${++users}.yaml`);
      await writeFile(path, await makeUserKubeconfig(endpoint.serverUrl, user, groups), { mode: 0o600 });
      return path;
    },
    killApiServer: (signal = "SIGKILL") => processes.kill("kube-apiserver", signal),
    startApiServer: () => servers.startApiServer(),
    async startEndedControllers() {
      if (processes.endOf("kube-scheduler") !== undefined) await servers.startScheduler();
      if (processes.endOf("kube-controller-manager") !== undefined) await servers.startControllerManager();
    },
    async compactEtcd() {
      await compactToNewest(`http://127.0.0.1:${etcdClient}`);
    },
    putInEtcd: (entries) => putEntries(`http://127.0.0.1:${etcdClient}`, entries),
    stop: () => processes.finish(),
  };
}
