/**
 * The schedule on a real API server: how late 1,000 invokers that are due in the same second get their sessions, and what 5,000
 * invokers cost at start.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildBundles } from "../scripts/build.ts";
import { parseBackupSession } from "../shared/api/backup-session.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../shared/kube/client.ts";
import { findConnection } from "../shared/kube/connect.ts";
import { createKubeClient } from "../shared/kube/http-client.ts";
import { createInformer } from "../shared/kube/informer.ts";
import { listAt, textAt } from "../shared/kube/json-value.ts";
import { type ControlPlane, startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { findFreePorts } from "../tests/support/control-plane/free-ports.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";

const DUE_TOGETHER = 1_000;
const AT_START = 5_000;
const NAMESPACE = "bench";
const CREATE_CONCURRENCY = 32;
const MINUTE_MS = 60_000;
const MIB = 1_024;
/** What the image starts node with. */
const NODE_FLAGS = ["--max-semi-space-size=2"];
/** How long a restarted reconciler gets before its memory is read: all first looks are over. */
const SETTLE_MS = 20_000;

function aBatch(name: string, schedule: string) {
  return {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: KINDS.BackupBatch.kind,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      schedule,
      timeZone: "Europe/Berlin",
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      members: ["web", "db"].map((part) => ({
        target: {
          alias: part,
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: `${name}-${part}` },
          paths: ["/data"],
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      })),
    },
  };
}

async function createBatches(client: KubeClient, from: number, to: number, schedule: string): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < to; index = next++) {
      await client.create(KINDS.BackupBatch, NAMESPACE, aBatch(`batch-${index}`, schedule), asIs);
    }
  };
  await Promise.all(Array.from({ length: CREATE_CONCURRENCY }, worker));
}

interface Started {
  readonly child: ChildProcess;
  readonly readyMs: number;
}

/** Starts the schedule in a process of its own and waits until all invokers have their next runs. */
async function startScheduler(kubeconfigPath: string, invokers: number): Promise<Started> {
  const startedAt = performance.now();
  const program = join(import.meta.dirname, "_scheduler.ts");
  const child = spawn(process.execPath, [program, kubeconfigPath, String(invokers)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "message");
  return { child, readyMs: performance.now() - startedAt };
}

function rssMiB(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / MIB;
}

async function stop({ child }: Started): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

interface SessionTimes {
  readonly invoker: string;
  readonly dueMs: number;
  /** When a watcher heard of it, by this machine's clock. */
  readonly seenMs: number;
}

/** Notes when each session is first seen, as any other program would see it. */
function watchSessions(
  client: KubeClient,
  signal: AbortSignal,
): { readonly seen: SessionTimes[]; readonly end: Promise<void> } {
  const seen: SessionTimes[] = [];
  const run = async (): Promise<void> => {
    const { resourceVersion } = await client.list(KINDS.BackupSession, NAMESPACE, asIs);
    const options = { resourceVersion, timeoutSeconds: 600, signal };
    for await (const event of client.watch(KINDS.BackupSession, NAMESPACE, options)) {
      if (event.type !== "ADDED") continue;
      const session = parseBackupSession(event.object);
      const { invoker, dueTime = "" } = session.spec;
      seen.push({ invoker: invoker?.name ?? "", dueMs: Date.parse(dueTime), seenMs: Date.now() });
    }
  };
  return { seen, end: run().catch((error: unknown) => (signal.aborted ? undefined : Promise.reject(error))) };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

/** A minute that leaves time to get everything ready. */
function nextDueMs(): number {
  const aheadMs = Date.now() + 15_000;
  return Math.ceil(aheadMs / MINUTE_MS) * MINUTE_MS;
}

async function measureRush(client: KubeClient, kubeconfigPath: string): Promise<Record<string, number>> {
  const dueMs = nextDueMs();
  const due = new Date(dueMs);
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: "Europe/Berlin" }).format(due);
  await createBatches(client, 0, DUE_TOGETHER, `${due.getUTCMinutes()} ${Number(hour)} * * *`);
  const scheduler = await startScheduler(kubeconfigPath, DUE_TOGETHER);
  if (Date.now() > dueMs - 1_000) throw new Error("the machine was too slow: the due time came before all was ready");
  const abort = new AbortController();
  const { seen, end } = watchSessions(client, abort.signal);
  await sleep(dueMs - Date.now());
  for (let waitedMs = 0; seen.length < DUE_TOGETHER && waitedMs < 60_000; waitedMs += 100) await sleep(100);
  await sleep(3_000);
  abort.abort();
  await end;
  await stop(scheduler);
  const invokers = new Set(seen.map(({ invoker }) => invoker));
  return {
    creationSkewP50Ms: Math.round(
      percentile(
        seen.map((one) => one.seenMs - dueMs),
        0.5,
      ),
    ),
    creationSkewP99Ms: Math.round(
      percentile(
        seen.map((one) => one.seenMs - dueMs),
        0.99,
      ),
    ),
    lost: DUE_TOGETHER - invokers.size,
    doubled: seen.length - invokers.size,
  };
}

/** How a pod of an installation reaches the API server: bundle, address and ServiceAccount files. */
interface PodLike {
  readonly bundle: string;
  readonly accountDir: string;
  readonly env: Readonly<Record<string, string>>;
}

async function makePod(client: KubeClient, controlPlane: ControlPlane, dir: string): Promise<PodLike> {
  const bundleDir = join(dir, "dist");
  await buildBundles(bundleDir);
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reconciler", namespace: NAMESPACE } };
  await client.create(KUBERNETES.ServiceAccount, NAMESPACE, account, asIs);
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "bench" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "reconciler", namespace: NAMESPACE }],
  };
  await client.create(KUBERNETES.ClusterRoleBinding, undefined, binding, asIs);
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 36_000 } };
  const token = await client.createSubresource(
    KUBERNETES.ServiceAccount,
    NAMESPACE,
    "reconciler",
    "token",
    request,
    (answer) => textAt(answer, "status", "token") ?? "",
  );
  const accountDir = join(dir, "account");
  await mkdir(accountDir);
  const files = { token, namespace: NAMESPACE, "ca.crt": controlPlane.caPem };
  for (const [file, text] of Object.entries(files)) await writeFile(join(accountDir, file), text);
  const { hostname, port } = new URL(controlPlane.serverUrl);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return { bundle: join(bundleDir, "stash-batch.mjs"), accountDir, env };
}

/** Puts the ServiceAccount's files where a kubelet does, for this process alone, and becomes the program. */
const AS_POD = `
  set -e
  mount -t tmpfs tmpfs /var/run
  mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
  mount --bind "$ACCOUNT_DIR" /var/run/secrets/kubernetes.io/serviceaccount
  exec "$@"`;

/** Starts the whole reconciler as an image does, and waits until it says that it is ready. */
async function startReconciler(pod: PodLike, port: number): Promise<Started> {
  const startedAt = performance.now();
  const flags = ["--image=bench", `--listen=127.0.0.1:${port}`, "--leader-elect=false", "--log-level=error"];
  const command = [process.execPath, ...NODE_FLAGS, pod.bundle, "reconciler", ...flags];
  const child = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", AS_POD, "sh", ...command], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ACCOUNT_DIR: pod.accountDir, ...pod.env },
  });
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`the reconciler ended with ${child.exitCode}`);
    await sleep(20);
  }
  return { child, readyMs: performance.now() - startedAt };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Waits until every invoker was looked after: its conditions and its next runs stand in its status. */
async function waitUntilSettled(client: KubeClient): Promise<number> {
  const startedAt = performance.now();
  // By a watch: lists of thousands of objects would keep the API server from the work that is measured.
  const settled = new Set<string>();
  const informer = createInformer<{ readonly name: string }>({
    client,
    resource: KINDS.BackupBatch,
    namespace: NAMESPACE,
    transform: (batch) => {
      const name = textAt(batch, "metadata", "name") ?? "";
      const isDone = listAt(batch, "status", "nextRuns").length > 0 && listAt(batch, "status", "conditions").length > 0;
      if (isDone) settled.add(name);
      return { name };
    },
    indexes: {},
    onProblem: (problem) => console.error(problem),
  });
  informer.start();
  while (settled.size < AT_START) await sleep(100);
  await informer.stop();
  return performance.now() - startedAt;
}

async function measureStart(
  client: KubeClient,
  controlPlane: ControlPlane,
  dir: string,
): Promise<Record<string, number>> {
  // Due in the night of 29 February alone, so that nothing starts meanwhile.
  await createBatches(client, DUE_TOGETHER, AT_START, "30 3 29 2 *");
  const pod = await makePod(client, controlPlane, dir);
  const [port = 0] = await findFreePorts(1);
  const first = await startReconciler(pod, port);
  const firstSettledMs = await waitUntilSettled(client);
  await stop(first);
  // What a restart costs: every invoker is looked after again, and nothing is to be written.
  const second = await startReconciler(pod, port);
  await sleep(SETTLE_MS);
  const rss = rssMiB(second.child);
  await stop(second);
  return { readyMs: Math.round(second.readyMs), rssMiB: Math.round(rss), firstSettledMs: Math.round(firstSettledMs) };
}

/** @returns skews in milliseconds after the due time; lost and doubled sessions; start time and memory with 5,000 invokers */
export async function run(): Promise<Record<string, number>> {
  const controlPlane = await startControlPlane({ scheduler: false, controllerManager: false });
  const connection = await findConnection({ env: {}, kubeconfigPath: controlPlane.kubeconfigPath });
  const client = createKubeClient({ connection, program: "bench" });
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-bench-"));
  try {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
    await client.create(KUBERNETES.Namespace, undefined, namespace, asIs);
    const rush = await measureRush(client, controlPlane.kubeconfigPath);
    return { ...rush, ...(await measureStart(client, controlPlane, dir)) };
  } finally {
    client.close();
    await controlPlane.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
