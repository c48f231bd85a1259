/**
 * A stand-in for the kubelet alone, for tests and the demo: registers as a Node with a real API server and really runs
 * the pods that the real scheduler binds to it, as processes of this machine. What it does and does not do is in
 * docs/process-node.md.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { parseKind } from "./api/kinds.ts";
import { isStatus, type KubeApi, openKubeApi } from "./api/kube-api.ts";
import { startObjectStore } from "./api/object-store.ts";
import { acquireFabric } from "./cluster-fabric.ts";
import type { ImageTable } from "./image-table.ts";
import { createKubeletBackend } from "./kubelet/kubelet-backend.ts";
import { type KubeletAuthority, type KubeletServer, startKubeletServer } from "./kubelet/kubelet-server.ts";
import { createNodeFolder, reapFolder } from "./node-folder.ts";
import { registerNode, unregisterNode } from "./node-registration.ts";
import type { ObjectReader } from "./pod/container-env.ts";
import { createEventRecorder } from "./pod/event-recorder.ts";
import type { PodContext } from "./pod/pod-context.ts";
import { PodWorkers } from "./pod/pod-workers.ts";
import type { NetworkMode } from "./sandbox/node-network.ts";
import { startProvisioner } from "./volumes/provisioner.ts";

export interface ProcessNodeOptions {
  /** Credentials of a user who may do what a kubelet, a provisioner and a Service proxy do; tests use an admin. */
  readonly kubeconfigPath: string;
  /** Default `process-node`. */
  readonly name?: string;
  readonly images: ImageTable;
  /** Folder for pods and volumes. It stays; without one a temporary folder is made and removed. */
  readonly dir?: string;
  /** Authority that the API server trusts for kubelets. Without it the node serves no logs and no exec. */
  readonly kubeletCa?: KubeletAuthority;
  /** Whether pods get a network of their own; default where the kernel lets them. */
  readonly network?: NetworkMode;
  /** Whether this node makes volumes for claims of the class `standard`; default true. */
  readonly provisioner?: boolean;
  /** Ends pods after this many seconds however long they ask for; unset, their own grace period counts. */
  readonly mostGraceSeconds?: number;
  /** Gets what went wrong inside the node; default writes to stderr. */
  readonly onError?: (error: unknown) => void;
}

export interface ProcessNode {
  readonly name: string;
  /** This machine's address in the pods' network. */
  readonly address: string;
  /** Folder of a pod: `volumes/NAME`, `logs/CONTAINER/RESTART.log`. @throws Error when the node has no such pod */
  podDir(namespace: string, pod: string): string;
  /** Signals a container's program. @throws Error when it does not run */
  killContainer(namespace: string, pod: string, container: string, signal?: NodeJS.Signals): void;
  /** Ends a pod as a kubelet under pressure does: phase Failed, reason Evicted. */
  evictPod(namespace: string, pod: string, message?: string): Promise<void>;
  /** Ends every pod at once, like a loss of power: the objects stay as they were, and the Node turns NotReady in time. */
  crash(): Promise<void>;
  /** Ends every pod at once and takes the Node away, so that nothing is scheduled to it any more. */
  stop(): Promise<void>;
}

/** What the scheduler may share out. Nothing is held to it, so it is more than a small machine has. */
const CAPACITY = { cpus: 32, memoryBytes: 64 * 2 ** 30 } as const;
const UNREGISTER_TIMEOUT_MS = 2_000;

/** @throws Error when this process is not root, or the API server refuses */
export async function startProcessNode(options: ProcessNodeOptions): Promise<ProcessNode> {
  if (process.getuid?.() !== 0) throw new Error("a process node needs root, for namespaces and mounts");
  const name = options.name ?? "process-node";
  const onError = options.onError ?? ((error) => process.stderr.write(`process node ${name}: ${error}\n`));
  const api = await openKubeApi(options.kubeconfigPath);
  const dir = options.dir ?? (await createNodeFolder());
  // Pods' Secrets lie in it.
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const reaper = options.dir === undefined ? reapFolder(dir) : undefined;
  const stopping = new AbortController();
  const fabric = await acquireFabric(api, options.network);
  const context: PodContext = {
    api,
    nodeName: name,
    images: options.images,
    network: fabric.network,
    services: fabric.services,
    endpoints: fabric.endpoints,
    reader: createReader(api),
    recordEvent: createEventRecorder(api, name),
    ...CAPACITY,
    signal: stopping.signal,
    mostGraceSeconds: options.mostGraceSeconds,
    onError,
  };
  const workers = new PodWorkers(context, join(dir, "pods"));
  if (options.provisioner !== false) {
    await startProvisioner({ api, dir: join(dir, "volumes"), signal: stopping.signal, onError });
  }
  const pods = startObjectStore(api, {
    kind: "V1Pod",
    path: "/api/v1/pods",
    fieldSelector: `spec.nodeName=${name}`,
  });
  pods.onChange((pod: V1Pod, deleted) => workers.apply(pod, deleted));
  await pods.synced;
  const { kubeletCa } = options;
  const address = fabric.network.gateway;
  const kubelet: KubeletServer | undefined =
    kubeletCa === undefined
      ? undefined
      : await startKubeletServer(address, name, kubeletCa, createKubeletBackend(workers));
  const port = kubelet === undefined ? {} : { kubeletPort: kubelet.port };
  await registerNode(api, { name, address, ...port, ...CAPACITY }, stopping.signal);
  let crashing: Promise<void> | undefined;
  const crash = (): Promise<void> => {
    crashing ??= (async () => {
      stopping.abort();
      pods.stop();
      await kubelet?.stop();
      await workers.stop();
      await fabric.release();
      if (reaper === undefined) return;
      await rm(dir, { recursive: true, force: true });
      reaper.dismiss();
    })();
    return crashing;
  };
  return {
    name,
    address,
    podDir: (namespace, pod) => workers.get(namespace, pod).dir,
    killContainer(namespace, pod, container, signal = "SIGKILL") {
      const live = workers.get(namespace, pod).container(container)?.live;
      if (live === undefined) throw new Error(`container ${container} of ${namespace}/${pod} does not run`);
      live.process.kill(signal);
    },
    evictPod: (namespace, pod, message = "The node was asked to evict the pod.") =>
      workers.get(namespace, pod).fail("Evicted", message),
    crash,
    async stop() {
      await crash();
      const signal = AbortSignal.timeout(UNREGISTER_TIMEOUT_MS);
      // An API server that is gone as well has nothing to schedule.
      await unregisterNode(api, name, signal).catch(() => undefined);
    },
  };
}

/** Reads from the API server each time, since a container starts with what is there now. */
function createReader(api: KubeApi): ObjectReader {
  const read = async (path: string): Promise<unknown> => {
    try {
      return await api.request({ method: "GET", path });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  };
  return {
    async secret(namespace, name) {
      const object = await read(`/api/v1/namespaces/${namespace}/secrets/${name}`);
      return object === undefined ? undefined : parseKind("V1Secret", object);
    },
    async configMap(namespace, name) {
      const object = await read(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
      return object === undefined ? undefined : parseKind("V1ConfigMap", object);
    },
  };
}
