/** What the tests of the process node say to the API server, through the client library and not the node's own client. */
import { PassThrough, Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  BatchV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  loadAllYaml,
  type V1ContainerStatus,
  type V1Pod,
  type V1Status,
} from "@kubernetes/client-node";
import { afterAll, beforeAll } from "vitest";
import { sharedPlane } from "../shared-plane.ts";
import { type ProcessNode, type ProcessNodeOptions, startProcessNode } from "./process-node.ts";

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: V1Status;
}

export class TestCluster {
  readonly core: CoreV1Api;
  readonly batch: BatchV1Api;
  readonly namespace: string;
  readonly #objects: KubernetesObjectApi;
  readonly #exec: Exec;

  constructor(kubeconfigPath: string, namespace: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfigPath);
    this.core = config.makeApiClient(CoreV1Api);
    this.batch = config.makeApiClient(BatchV1Api);
    this.#objects = KubernetesObjectApi.makeApiClient(config);
    this.#exec = new Exec(config);
    this.namespace = namespace;
  }

  /** Creates every object of the text, in the test's namespace. */
  async apply(yaml: string): Promise<void> {
    for (const object of loadAllYaml(yaml)) {
      object.metadata = { namespace: this.namespace, ...object.metadata };
      await this.#objects.create(object);
    }
  }

  /** @throws Error with the pod's last status when the condition is not met in time */
  async untilPod(name: string, isMet: (pod: V1Pod) => boolean, timeoutMs = 20_000): Promise<V1Pod> {
    let seen: V1Pod | undefined;
    const met = await until(async () => {
      seen = await this.core.readNamespacedPod({ namespace: this.namespace, name }).catch(() => undefined);
      return seen !== undefined && isMet(seen);
    }, timeoutMs);
    if (!met || seen === undefined) throw new Error(`pod ${name}: ${JSON.stringify(seen?.status, undefined, 1)}`);
    return seen;
  }

  async untilGone(name: string, timeoutMs = 20_000): Promise<void> {
    const gone = await until(
      () => this.core.readNamespacedPod({ namespace: this.namespace, name }).then(() => false, isNotFound),
      timeoutMs,
    );
    if (!gone) throw new Error(`pod ${name} is still there`);
  }

  async podsOf(app: string): Promise<readonly V1Pod[]> {
    const list = await this.core.listNamespacedPod({ namespace: this.namespace, labelSelector: `app=${app}` });
    return list.items;
  }

  async untilReady(app: string, count: number, timeoutMs = 20_000): Promise<readonly V1Pod[]> {
    let pods: readonly V1Pod[] = [];
    const ready = await until(async () => {
      pods = (await this.podsOf(app)).filter(isReady);
      return pods.length === count;
    }, timeoutMs);
    if (!ready) {
      throw new Error(
        `pods of ${app}: ${JSON.stringify(
          (await this.podsOf(app)).map(({ status }) => status),
          undefined,
          1,
        )}`,
      );
    }
    return pods;
  }

  logs(name: string, container?: string, previous = false): Promise<string> {
    return this.core.readNamespacedPodLog({
      namespace: this.namespace,
      name,
      ...(container === undefined ? {} : { container }),
      ...(previous ? { previous } : {}),
    });
  }

  async exec(name: string, container: string, command: readonly string[], stdin?: string): Promise<ExecResult> {
    const out = collect();
    const err = collect();
    const input = stdin === undefined ? null : Readable.from([Buffer.from(stdin)]).pipe(new PassThrough());
    const status = await new Promise<V1Status>((resolve, reject) => {
      this.#exec
        .exec(this.namespace, name, container, [...command], out.stream, err.stream, input, false, resolve)
        .catch(reject);
    });
    return { stdout: out.text(), stderr: err.text(), status };
  }
}

/** Starts the nodes before the tests of a file and stops them after, with a namespace that the file has for itself. */
export function useNodes(
  namespace: string,
  options: readonly Omit<ProcessNodeOptions, "kubeconfigPath" | "kubeletCa">[],
): () => { readonly cluster: TestCluster; readonly nodes: readonly ProcessNode[] } {
  let current: { cluster: TestCluster; nodes: readonly ProcessNode[] } | undefined;
  beforeAll(async () => {
    const kubeconfigPath = sharedPlane().kubeconfigPath;
    const { kubeletCa } = sharedPlane();
    const cluster = new TestCluster(kubeconfigPath, namespace);
    await cluster.core.createNamespace({ body: { metadata: { name: namespace } } });
    const nodes = await Promise.all(options.map((node) => startProcessNode({ ...node, kubeconfigPath, kubeletCa })));
    const hasAccount = await until(
      () =>
        cluster.core.readNamespacedServiceAccount({ namespace, name: "default" }).then(
          (account) => (account.secrets ?? []).length > 0,
          () => false,
        ),
      20_000,
    );
    if (!hasAccount) throw new Error("the namespace got no service account");
    current = { cluster, nodes };
  });
  afterAll(async () => {
    await current?.cluster.core.deleteNamespace({ name: namespace, gracePeriodSeconds: 0 });
    await Promise.all((current?.nodes ?? []).map((node) => node.stop()));
  });
  return () => {
    if (current === undefined) throw new Error("the nodes have not started");
    return current;
  };
}

/** @returns whether it became true in time */
export async function until(isTrue: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(50)) if (await isTrue()) return true;
  return false;
}

export function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

export function findContainer(pod: V1Pod, name: string): V1ContainerStatus | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.find((candidate) => candidate.name === name);
}

/** @throws Error when the pod has no status of that container */
export function containerOf(pod: V1Pod, name: string): V1ContainerStatus {
  const status = findContainer(pod, name);
  if (status === undefined) throw new Error(`no status of container ${name}`);
  return status;
}

function isNotFound(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === 404;
}

function collect(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
