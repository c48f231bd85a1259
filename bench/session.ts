/**
 * What a session costs besides restic: real control plane, webhook, reconciler, pods, agent and restic. Each restic command
 * is run through a script that notes when it started and ended, so that the commands themselves can be taken off.
 */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KINDS } from "../shared/api/kinds.ts";
import { asIs } from "../shared/kube/client.ts";
import { textAt } from "../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../tests/support/objects/apply.ts";
import { waitForContainer } from "../tests/support/objects/pods.ts";
import { type InstalledCluster, startInstalledCluster } from "../tests/support/product/installed-cluster.ts";
import { startSession, untilSession } from "../tests/support/session/batch-without-nodes.ts";

const NAMESPACE = "bench";
const ROUNDS = 7;
const END_MS = 120_000;

/** Nanoseconds since the epoch around each command, one line each. */
const WRAPPER = `#!/bin/sh
begin=$(date +%s%N)
restic "$@"
code=$?
echo "$begin $(date +%s%N) $1" >> /data/log/restic
exit $code
`;

function workload(kind: string, name: string, replicas: number, folder: string): string {
  return `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }${kind === "StatefulSet" ? `\n  serviceName: ${name}\n  podManagementPolicy: Parallel` : ""}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: bench/application:1
          volumeMounts: [{ name: files, mountPath: /data }]
      volumes:
        - { name: files, hostPath: { path: ${folder}, type: Directory } }
`;
}

function batch(kind: string, name: string): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  backupHistoryLimit: 1
  retentionPolicy: { name: keep, keepLast: 2, prune: false }
  members:
    - target:
        alias: ${name}
        ref: { apiVersion: apps/v1, kind: ${kind}, name: ${name} }
        paths: [/data/files]
        volumeMounts: [{ name: files, mountPath: /data }]
      runtimeSettings:
        container:
          env: [{ name: STASH_RESTIC, value: /data/restic }]
`;
}

interface Run {
  readonly wallMs: number;
  /** Time in which at least one restic command ran. */
  readonly resticMs: number;
}

/** Length of the union of intervals. */
function unionMs(intervals: readonly (readonly [number, number])[]): number {
  let total = 0;
  let end = 0;
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return total;
}

async function readIntervals(log: string): Promise<readonly (readonly [number, number])[]> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [begin = "0", end = "0"] = line.split(" ");
      return [Number(begin) / 1e6, Number(end) / 1e6] as const;
    });
}

async function runSession(cluster: InstalledCluster, name: string, session: string, log: string): Promise<Run> {
  await rm(log, { force: true });
  const begin = performance.now();
  await startSession(cluster.client, NAMESPACE, session, 0, name);
  const { status } = await untilSession(cluster.client, NAMESPACE, session, END_MS);
  const wallMs = performance.now() - begin;
  if (status?.phase !== "Succeeded") throw new Error(`session ${session}: ${JSON.stringify(status)}`);
  return { wallMs, resticMs: unionMs(await readIntervals(log)) };
}

async function untilReady(cluster: InstalledCluster, name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const object = await cluster.client.get(KINDS.BackupBatch, NAMESPACE, name, asIs);
    if (textAt(object, "status", "phase") === "Ready") return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`BackupBatch ${name} does not get ready`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

export async function run(): Promise<Record<string, number>> {
  const cluster = await startInstalledCluster({
    nodeNames: ["node-a"],
    images: { "bench/application:1": { command: ["/bin/sleep", "100000"] } },
  });
  try {
    const folder = join(cluster.dir, "application");
    const repository = join(cluster.dir, "repository");
    await mkdir(join(folder, "files"), { recursive: true });
    await mkdir(join(folder, "log"));
    await mkdir(repository);
    await writeFile(join(folder, "files", "tiny"), "tiny");
    await writeFile(join(folder, "restic"), WRAPPER);
    await chmod(join(folder, "restic"), 0o755);
    const objects = `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: bench }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---`;
    const kinds = [
      ["Deployment", "one", 1],
      ["StatefulSet", "three", 3],
    ] as const;
    const batches = kinds.map(([kind, name]) => batch(kind, name));
    const workloads = kinds.map(([kind, name, replicas]) => workload(kind, name, replicas, folder));
    await applyManifests(cluster.client, parseManifests([objects + batches.join("---"), ...workloads].join("---")));
    for (const [, name, replicas] of kinds) {
      await waitForContainer(cluster.client, NAMESPACE, `app=${name}`, "stash", replicas, 60_000);
      await untilReady(cluster, name);
    }
    const log = join(folder, "log", "restic");
    // The first session makes the repository and checks it: no other does.
    await runSession(cluster, "one", "first", log);
    const one: Run[] = [];
    const three: Run[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      one.push(await runSession(cluster, "one", `one-${round}`, log));
      three.push(await runSession(cluster, "three", `three-${round}`, log));
    }
    const overhead = (runs: readonly Run[]): number => median(runs.map(({ wallMs, resticMs }) => wallMs - resticMs));
    return {
      deploymentMs: median(one.map(({ wallMs }) => wallMs)),
      deploymentResticMs: median(one.map(({ resticMs }) => resticMs)),
      deploymentOverheadMs: overhead(one),
      statefulSetMs: median(three.map(({ wallMs }) => wallMs)),
      statefulSetResticMs: median(three.map(({ resticMs }) => resticMs)),
      /** Above the session of one host. */
      statefulSetOverheadMs: median(three.map(({ wallMs }, round) => wallMs - (one[round]?.wallMs ?? 0))),
      /** Above the time in which restic ran. */
      statefulSetIdleMs: overhead(three),
    };
  } finally {
    await cluster.stop();
  }
}
