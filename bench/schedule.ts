/**
 * The schedule on a real API server: how late 1,000 invokers that are due in the same second get their sessions, and what 5,000
 * invokers cost at start.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseBackupBatch } from "../shared/api/backup-batch.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { buildBackupSession } from "../shared/invoker/build-backup-session.ts";
import { backupInvokerView } from "../shared/invoker/object.ts";
import { listAt, textAt } from "../shared/json/value.ts";
import { createInformer } from "../shared/kube/cache/informer.ts";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../shared/kube/client/interface.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { type ControlPlane, startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { findFreePorts } from "../tests/support/control-plane/free-ports.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { makePod, rssMiB, type Started, startReconciler, stop } from "./_processes.ts";

const DUE_TOGETHER = 1_000;
const AT_START = 5_000;
const NAMESPACE = "bench";
const CREATE_CONCURRENCY = 32;
/** As the schedule does it. */
const BARE_CONCURRENCY = 12;
const MINUTE_MS = 60_000;
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

interface SeenSession {
  readonly invoker: string;
  /** When a watcher heard of it, by this machine's clock. */
  readonly seenMs: number;
}

/** Notes when each session is first seen, as any other program would see it. */
async function watchSessions(client: KubeClient): Promise<{ readonly seen: SeenSession[]; stop(): Promise<void> }> {
  const seen: SeenSession[] = [];
  const informer = createInformer<string>({
    client,
    resource: KINDS.BackupSession,
    namespace: NAMESPACE,
    transform: (session) => textAt(session, "spec", "invoker", "name"),
    indexes: {},
    onProblem: (problem) => console.error(problem),
  });
  informer.subscribe({ add: (invoker) => seen.push({ invoker, seenMs: Date.now() }) });
  informer.start();
  await informer.hasSynced();
  return { seen, stop: () => informer.stop() };
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

/** Waits for as many sessions, or a minute. */
async function untilSeen(seen: readonly SeenSession[], count: number): Promise<void> {
  for (let waitedMs = 0; seen.length < count && waitedMs < 60_000; waitedMs += 100) await sleep(100);
}

async function measureRush(client: KubeClient, kubeconfigPath: string): Promise<Record<string, number>> {
  const dueMs = nextDueMs();
  const due = new Date(dueMs);
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: "Europe/Berlin" }).format(due);
  await createBatches(client, 0, DUE_TOGETHER, `${due.getUTCMinutes()} ${Number(hour)} * * *`);
  const scheduler = await startScheduler(kubeconfigPath, DUE_TOGETHER);
  if (Date.now() > dueMs - 1_000) throw new Error("the machine was too slow: the due time came before all was ready");
  const sessions = await watchSessions(client);
  await sleep(dueMs - Date.now());
  await untilSeen(sessions.seen, DUE_TOGETHER);
  // A doubled one would come late.
  await sleep(3_000);
  await sessions.stop();
  await stop(scheduler);
  const { items } = await client.list(KINDS.BackupSession, NAMESPACE, (session) =>
    textAt(session, "spec", "invoker", "name"),
  );
  const invokers = new Set(items);
  const bareMs = await measureBareCreates(client);
  const skews = sessions.seen.map(({ seenMs }) => seenMs - dueMs);
  return {
    creationSkewP50Ms: Math.round(percentile(skews, 0.5)),
    creationSkewP99Ms: Math.round(percentile(skews, 0.99)),
    bareCreatesMs: Math.round(bareMs),
    skewToBareRatio: Math.round((percentile(skews, 0.99) / bareMs) * 100) / 100,
    lost: DUE_TOGETHER - invokers.size,
    doubled: items.length - invokers.size,
  };
}

/** What the API server itself takes for as many sessions, as the same watch sees them, on this machine at this moment. */
async function measureBareCreates(client: KubeClient): Promise<number> {
  const { items: batches } = await client.list(KINDS.BackupBatch, NAMESPACE, parseBackupBatch);
  const bodies = batches.map((batch) =>
    buildBackupSession({ invoker: backupInvokerView(batch), name: `bare-${batch.metadata.name}`, trigger: "Instant" }),
  );
  const sessions = await watchSessions(client);
  const before = sessions.seen.length;
  const startedMs = Date.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      await client.create(KINDS.BackupSession, NAMESPACE, body, asIs);
    }
  };
  await Promise.all(Array.from({ length: BARE_CONCURRENCY }, worker));
  await untilSeen(sessions.seen, before + bodies.length);
  await sessions.stop();
  return percentile(
    sessions.seen.slice(before).map(({ seenMs }) => seenMs - startedMs),
    0.99,
  );
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
  const pod = await makePod(client, controlPlane, NAMESPACE, dir);
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
