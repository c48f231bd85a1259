/** The job model: real control plane, real agents in real jobs, real databases in pods, real restic. */

import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { asIs } from "../../shared/kube/client.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createPodExec, type PodExec } from "../../shared/kube/exec.ts";
import { listAt, textAt } from "../../shared/kube/json-value.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { DATABASE_IMAGES, jobsManifest } from "../support/jobs/manifests.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { startSession, untilSession } from "../support/session/batch-without-nodes.ts";

const NAMESPACE = "jobs";
const END_MS = 120_000;

const product = useProduct({ nodes: ["job-node"], images: DATABASE_IMAGES, reconcilerFlags: ["--pod-wait=15s"] });
let exec: PodExec;

async function apply(text: string): Promise<void> {
  await applyManifests(product().client, parseManifests(text));
}

/** Runs a command in the first container of the app's pod. */
async function run(app: string, container: string, script: string): Promise<string> {
  const { client } = product();
  const [pod] = await waitForReadyPods(client, NAMESPACE, `app=${app}`, 1, 60_000);
  const command = ["bash", "-c", script];
  const result = await exec({ namespace: NAMESPACE, pod: pod?.name ?? "", container, command, timeoutMs: 30_000 });
  if (result.end.kind === "timedOut" || result.end.exitCode !== 0) throw new Error(`${script}: ${result.stderr}`);
  return result.stdout;
}

const maria = (sql: string) =>
  run(
    "mariadb",
    "server",
    `mariadb --no-defaults --socket=/data/s.sock --user=root --batch --raw <<'SQL'\n${sql}\nSQL`,
  );
const postgres = (sql: string, database = "postgres") =>
  run(
    "postgres",
    "server",
    `psql -X -q -A -t -v ON_ERROR_STOP=1 -h /data/run -U postgres ${database} <<'SQL'\n${sql}\nSQL`,
  );

const BINDING = "apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding";

function memberLines(more = ""): string {
  return `
    - target: { alias: mariadb, ref: { ${BINDING}, name: mariadb }${more} }
    - target: { alias: postgres, ref: { ${BINDING}, name: postgres }${more} }
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files }${more} }
      task: { name: TASK }`;
}

async function untilReady(batch: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 100) {
    const object = await product().client.get(KINDS.BackupBatch, NAMESPACE, batch, asIs);
    if (textAt(object, "status", "phase") === "Ready") return;
    await sleep(100);
  }
  const object = await product().client.get(KINDS.BackupBatch, NAMESPACE, batch, asIs);
  throw new Error(`BackupBatch ${batch} does not get ready: ${JSON.stringify(object)}`);
}

async function batchOf(name: string, members: string, spec = ""): Promise<void> {
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
  backupHistoryLimit: 5
  timeOut: 10m
${spec}
  members:${members}`);
  await untilReady(name);
}

async function backUp(batch: string): Promise<BackupSession> {
  const name = `${batch}-1`;
  await startSession(product().client, NAMESPACE, name, 0, batch);
  return untilSession(product().client, NAMESPACE, name, END_MS);
}

async function untilRestored(name: string): Promise<RestoreBatch> {
  const { client } = product();
  for (const end = performance.now() + END_MS; performance.now() < end; await sleep(100)) {
    const restore = await client.get(KINDS.RestoreBatch, NAMESPACE, name, parseRestoreBatch);
    if (isFinalRestorePhase(restore.status?.phase)) return restore;
  }
  throw new Error(`${name}: ${JSON.stringify(await client.get(KINDS.RestoreBatch, NAMESPACE, name, asIs))}`);
}

beforeAll(async () => {
  exec = createPodExec({ connection: await findConnection({ env: {}, kubeconfigPath: inject("kubeconfig") }) });
  const { client, dir } = product();
  const repository = join(dir, "repository");
  await mkdir(repository);
  const catalogue = resolve(import.meta.dirname, "../../manifests/catalog");
  for (const file of readdirSync(catalogue))
    if (file !== "kustomization.yaml") await applyFile(client, join(catalogue, file));
  await apply(jobsManifest(NAMESPACE, repository));
  await Promise.all(
    ["mariadb", "postgres", "keeper"].map((app) => waitForReadyPods(client, NAMESPACE, `app=${app}`, 1, 90_000)),
  );
  await maria(
    "CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop; CREATE TABLE item (id INT PRIMARY KEY, name TEXT, raw BLOB); INSERT INTO item VALUES (1, 'naïve 🦆', UNHEX('0001FF27')), (2, NULL, NULL);",
  );
  await postgres("CREATE DATABASE shop");
  await postgres(
    "CREATE TABLE item (id int PRIMARY KEY, name text, raw bytea); INSERT INTO item VALUES (1, 'naïve 🦆', decode('0001ff27', 'hex')), (2, NULL, NULL)",
    "shop",
  );
  await run("keeper", "keeper", "mkdir /files/sub && printf one >/files/sub/a && printf two >'/files/with blank'");
}, 240_000);

afterAll(async () => {
  await product().client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
});

const FACTS = "SELECT id, HEX(name), HEX(raw) FROM shop.item ORDER BY id";
const PG_FACTS = "SELECT id, name, encode(raw, 'hex') FROM item ORDER BY id";
const FILES = "cd /files && find . -type f | sort | xargs -d '\\n' sha256sum";

test("databases and a volume are backed up by jobs, lost, and come back", async () => {
  const hooks = `
      hooks:
        preBackup: { exec: { command: [bash, -c, "echo before >>/data/hooks"] } }
        postBackup: { exec: { command: [bash, -c, "echo after {{ .Status.Phase }} >>/data/hooks"] } }`;
  const members = memberLines()
    .replace(/(name: mariadb \} \})/, `$1${hooks}`)
    .replace("TASK", "pvc-backup");
  await batchOf("nightly", members, "  executionOrder: Sequential");
  const before = [await maria(FACTS), await postgres(PG_FACTS, "shop"), await run("keeper", "keeper", FILES)];

  const { status } = await backUp("nightly");
  expect(status?.phase, JSON.stringify(status)).toBe("Succeeded");
  const saved = (status?.targets ?? []).map(({ stats }) =>
    stats?.map(({ hostname, phase, snapshots }) => [hostname, phase, snapshots?.[0]?.path]),
  );
  expect(saved).toEqual([
    [["mariadb", "Succeeded", "dumpfile.sql"]],
    [["postgres", "Succeeded", "dumpfile.sql"]],
    [["files", "Succeeded", "/stash-data"]],
  ]);
  expect(await run("mariadb", "server", "cat /data/hooks")).toBe("before\nafter Succeeded\n");
  const good = (status?.conditions ?? []).filter((condition) => condition.status === "True").map(({ type }) => type);
  expect(good).toEqual(
    expect.arrayContaining(["RetentionPolicyApplied", "RepositoryIntegrityVerified", "RepositoryMetricsPushed"]),
  );

  await maria("DROP DATABASE shop");
  await postgres("DROP DATABASE shop WITH (FORCE)");
  await run("keeper", "keeper", "rm -r /files/sub && printf damaged >'/files/with blank'");
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: { name: back, namespace: ${NAMESPACE} }
spec:
  repository: { name: store }
  timeOut: 5m
  session: nightly-1
  members:${memberLines().replace("TASK", "pvc-restore")}`);
  const restore = await untilRestored("back");
  expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
  expect([await maria(FACTS), await postgres(PG_FACTS, "shop"), await run("keeper", "keeper", FILES)]).toEqual(before);
});

test("a job's pod may do nothing on Secrets, Pods or rights", async () => {
  const read = (raw: unknown) => JSON.stringify(listAt(raw, "rules"));
  const { items } = await product().client.list(KUBERNETES.Role, NAMESPACE, read, {
    labelSelector: "stash.appscode.com/agent-rights=true",
  });
  expect(items.length).toBeGreaterThan(0);
  for (const rules of items) expect(rules).not.toMatch(/secrets|pods|roles|"\*"/);
});

test("L20: a dump that fails is the host's failure with the program's words, and the job is Failed", async () => {
  const wrong = `
    - target: { alias: shop, ref: { ${BINDING}, name: mariadb } }
      task: { name: mariadb-backup, params: [{ name: args, value: "--databases 'no such'" }] }`;
  await batchOf("wrong", wrong);
  const { status } = await backUp("wrong");
  expect(status?.phase).toBe("Failed");
  expect(status?.targets?.[0]?.stats?.[0]).toMatchObject({
    phase: "Failed",
    reason: "DUMP_FAILED",
    error: expect.stringContaining("no such"),
  });
});

test("L8: an image that can't be pulled, and a Task that does not exist, end the session with that reason", async () => {
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: Function
metadata: { name: missing-image }
spec: { image: "registry.example.org/nobody/has:1" }
---
apiVersion: stash.appscode.com/v1beta1
kind: Task
metadata: { name: missing-image }
spec: { steps: [{ name: missing-image }, { name: update-status }] }`);
  const members = `
    - target: { alias: a, ref: { ${BINDING}, name: mariadb } }
      task: { name: missing-image }
    - target: { alias: b, ref: { ${BINDING}, name: postgres } }
      task: { name: no-such-task }`;
  await batchOf("hopeless", members);
  const { status } = await backUp("hopeless");
  expect(status?.phase).toBe("Failed");
  expect(JSON.stringify(status?.targets?.[0])).toContain("IMAGE_UNAVAILABLE");
  expect(status?.targets?.[1]).toMatchObject({ phase: "Failed", reason: "NOT_FOUND" });
});

/** A Task whose work a program of somebody else does, then our last step. */
async function addonOf(name: string, script: string): Promise<string> {
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: Function
metadata: { name: ${name} }
spec:
  image: "tests/keeper:1"
  command: [bash, -c]
  args: [${JSON.stringify(script)}]
---
apiVersion: stash.appscode.com/v1beta1
kind: Task
metadata: { name: ${name} }
spec:
  steps:
    - { name: ${name}, params: [{ name: outputDir, value: /stash-tmp/output }] }
    - { name: update-status, params: [{ name: outputDir, value: /stash-tmp/output }] }`);
  return `
    - target: { alias: addon, ref: { ${BINDING}, name: mariadb } }
      task: { name: ${name} }`;
}

function outputScript(host: Readonly<Record<string, unknown>>): string {
  const output = JSON.stringify({ targetStatus: { stats: [{ hostname: "addon", ...host }] } });
  return `mkdir -p \${outputDir} && echo '${output}' >\${outputDir}/output.json`;
}

test("L20: what a program of somebody else leaves in output.json is the host's result, good or bad", async () => {
  const snapshots = [{ name: "0123456789abcdef", path: "dump" }];
  await batchOf("addon-good", await addonOf("addon-good", outputScript({ phase: "Succeeded", snapshots })));
  const good = (await backUp("addon-good")).status;
  expect(good?.phase, JSON.stringify(good)).toBe("Succeeded");
  expect(good?.targets?.[0]?.stats?.[0]).toMatchObject({ hostname: "addon", phase: "Succeeded", snapshots });

  await batchOf("addon-bad", await addonOf("addon-bad", outputScript({ phase: "Failed", error: "no disk" })));
  const bad = (await backUp("addon-bad")).status;
  expect(bad?.phase).toBe("Failed");
  expect(bad?.targets?.[0]?.stats?.[0]).toMatchObject({ phase: "Failed", error: expect.stringContaining("no disk") });
});

test("L8: a job whose pod is evicted, and one whose program dies, fail their host with that reason", async () => {
  await batchOf("evicted", await addonOf("evicted", "sleep 1000"));
  const { client, nodes } = product();
  await startSession(client, NAMESPACE, "evicted-1", 0, "evicted");
  const pods = await waitForPods(
    client,
    {
      namespace: NAMESPACE,
      selector: "job-name=stash-backup-evicted-1-0",
      timeoutMs: 60_000,
      what: "waited for the program",
    },
    ([pod]) => pod?.runs.includes("evicted-0") === true,
  );
  await nodes[0]?.evictPod(NAMESPACE, pods[0]?.name ?? "", "the disk is full");
  const evicted = (await untilSession(client, NAMESPACE, "evicted-1", END_MS)).status;
  expect(evicted?.targets?.[0]?.stats?.[0]).toMatchObject({
    phase: "Failed",
    reason: "EVICTED",
    error: expect.stringContaining("the disk is full"),
  });

  await batchOf("dying", await addonOf("dying", "echo these are my last words; exit 3"));
  const dying = (await backUp("dying")).status;
  expect(dying?.targets?.[0]?.stats?.[0]).toMatchObject({
    phase: "Failed",
    reason: "JOB_FAILED",
    error: expect.stringContaining("ended with exit code 3: these are my last words"),
  });
});

test("L44: volumes of claim templates are made and filled by one job an ordinal", async () => {
  const { client } = product();
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: into-claims, namespace: ${NAMESPACE} }
spec:
  repository: { name: store }
  timeOut: 5m
  target:
    replicas: 2
    rules: [{ sourceHost: files, paths: [/stash-data] }]
    volumeMounts: [{ name: copy, mountPath: /stash-data }]
    volumeClaimTemplates:
      - metadata: { name: "copy-\${POD_ORDINAL}" }
        spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }`);
  let restore = await client.get(KINDS.RestoreSession, NAMESPACE, "into-claims", parseRestoreSession);
  for (
    const end = performance.now() + END_MS;
    performance.now() < end && !isFinalRestorePhase(restore.status?.phase);
  ) {
    await sleep(100);
    restore = await client.get(KINDS.RestoreSession, NAMESPACE, "into-claims", parseRestoreSession);
  }
  expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
  expect(restore.status?.stats?.map(({ hostname, phase }) => `${hostname} ${phase}`)).toEqual([
    "host-0 Succeeded",
    "host-1 Succeeded",
  ]);
  await apply(`
apiVersion: v1
kind: Pod
metadata: { name: reader, namespace: ${NAMESPACE}, labels: { app: reader } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: reader, image: "tests/keeper:1", volumeMounts: [{ name: c, mountPath: /files }] }
  volumes: [{ name: c, persistentVolumeClaim: { claimName: copy-1 } }]`);
  expect(await run("reader", "reader", FILES)).toBe(await run("keeper", "keeper", FILES));
});
