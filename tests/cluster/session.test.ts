/** Whole sessions and a restore: real control plane, real agents, real restic, real files. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { APPLICATION_IMAGE, applicationManifest, HOST_FOLDERS, memberLines } from "../support/application/manifests.ts";
import { eventually } from "../support/eventually.ts";
import { describeTree } from "../support/files/tree.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { type InstalledCluster, startInstalledCluster } from "../support/product/installed-cluster.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import {
  type HookServer,
  listSessions,
  startHookServer,
  startSession,
  untilSession,
} from "../support/session/batch-without-nodes.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "sessions";
const PASSWORD = "not-a-secret";
const SESSION_MS = 120_000;
/** Restic on a busy machine takes its time. */
const TEST_MS = 300_000;

let cluster: InstalledCluster;
let hooks: HookServer;
let folder: string;

function batchManifest(name: string, spec: string, members: readonly string[]): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  timeOut: 10m
${spec}
  members:${members.join("")}`;
}

async function apply(text: string): Promise<void> {
  await applyManifests(cluster.client, parseManifests(text));
}

async function untilReady(batch: string): Promise<void> {
  const read = () => cluster.client.get(KINDS.BackupBatch, NAMESPACE, batch, asIs);
  await eventually(read, (object) => JSON.stringify(object).includes('"phase":"Ready"'));
}

beforeAll(async () => {
  cluster = await startInstalledCluster({
    nodeNames: ["node-a", "node-b"],
    images: APPLICATION_IMAGE,
    program: sharedPlane().program,
  });
  hooks = await startHookServer(cluster.gateway);
  folder = join(cluster.dir, "application");
  const repository = join(cluster.dir, "repository");
  await mkdir(join(folder, "notes"), { recursive: true });
  writeEmptyRepository(repository, PASSWORD);
  for (const host of Object.values(HOST_FOLDERS).flat()) await mkdir(join(folder, host));
  await apply(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: ${PASSWORD} }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---`);
  const host = `host: ${cluster.gateway}`;
  const parallel = batchManifest(
    "parallel",
    `  executionOrder: Parallel
  backupHistoryLimit: 1
  hooks:
    preBackup:
      httpPost: { ${host}, port: ${hooks.port}, path: /before, scheme: HTTP, body: "{{ .Name }}" }
    postBackup:
      executionPolicy: OnSuccess
      httpPost: { ${host}, port: ${hooks.port}, path: /after, scheme: HTTP, body: "{{ .Name }} {{ .Status.Phase }}" }`,
    [
      memberLines(
        "db",
        `        paths: [/data]
      hooks:
        preBackup: { containerName: app, exec: { command: [/bin/sh, -c, "echo before $POD_NAME >> /notes/exec"] } }
        postBackup: { containerName: app, exec: { command: [/bin/sh, -c, "echo after $POD_NAME {{ .Status.Phase }} >> /notes/exec"] } }
`,
      ),
      memberLines(
        "web",
        `        paths: [/data]
      hooks:
        preBackup: { httpPost: { port: 8080, path: /freeze, scheme: HTTP, body: "{{ .Target.Name }}" } }
        postBackup: { tcpSocket: { port: 8080 } }
`,
      ),
      memberLines(
        "logs",
        `        paths: [/data]
      hooks:
        preBackup: { httpGet: { port: 8080, path: /flush, scheme: HTTP } }
`,
      ),
    ],
  );
  const sequential = batchManifest(
    "sequential",
    `  executionOrder: Sequential
  backupHistoryLimit: 1
  retryConfig: { maxRetry: 1, delay: 1s }`,
    [
      memberLines("db", "        paths: [/data]\n"),
      memberLines(
        "web",
        `        paths: [/data]
      hooks:
        preBackup: { containerName: app, exec: { command: [test, -e, /notes/allowed] } }
`,
      ),
      memberLines("logs", "        paths: [/data]\n"),
    ],
  );
  await apply(`${parallel}\n---\n${sequential}`);
  await apply(applicationManifest(NAMESPACE, folder));
  for (const [app, count] of [
    ["db", 3],
    ["web", 2],
    ["logs", 2],
  ] as const) {
    await waitForContainer(cluster.client, NAMESPACE, `app=${app}`, "stash", count, 60_000);
  }
  await Promise.all([untilReady("parallel"), untilReady("sequential")]);
}, 240_000);

afterAll(async () => {
  await hooks.stop();
  await cluster.stop();
});

function hostsOf(session: BackupSession): readonly (readonly string[])[] {
  return (session.status?.targets ?? []).map(({ stats }) =>
    (stats ?? []).map(({ hostname, phase }) => `${hostname} ${phase}`),
  );
}

async function describeFiles(): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const host of Object.values(HOST_FOLDERS).flat()) {
    for (const line of await describeTree(join(folder, host))) lines.push(`${host}: ${line}`);
  }
  return lines;
}

test("a parallel batch saves every host of a StatefulSet, a Deployment and a DaemonSet, with hooks of every kind", {
  timeout: TEST_MS,
}, async () => {
  await startSession(cluster.client, NAMESPACE, "parallel-1", 0, "parallel");
  const session = await untilSession(cluster.client, NAMESPACE, "parallel-1", SESSION_MS);
  expect(session.status?.phase, JSON.stringify(session.status)).toBe("Succeeded");
  expect(hostsOf(session)).toEqual([
    ["db-0 Succeeded", "db-1 Succeeded", "db-2 Succeeded"],
    ["web Succeeded"],
    ["logs-node-a Succeeded", "logs-node-b Succeeded"],
  ]);
  for (const { stats } of session.status?.targets ?? []) {
    for (const { snapshots, results } of stats ?? []) {
      expect(snapshots?.[0]?.name).toMatch(/^[0-9a-f]{8,64}$/);
      expect((results ?? []).filter(({ phase }) => phase !== "Succeeded")).toEqual([]);
    }
  }
  const good = (session.status?.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) => type);
  expect(good).toEqual(
    expect.arrayContaining([
      "BackendRepositoryInitialized",
      "RetentionPolicyApplied",
      "RepositoryMetricsPushed",
      "GlobalPreBackupHookSucceeded",
      "GlobalPostBackupHookSucceeded",
    ]),
  );
  expect(hooks.calls).toEqual(["/before parallel-1", "/after parallel-1 Succeeded"]);
  const exec = (await readFile(join(folder, "notes/exec"), "utf8")).trim().split("\n").sort();
  expect(exec).toEqual(
    ["0", "1", "2"].flatMap((at) => `after db-${at} Succeeded`).concat(["before db-0", "before db-1", "before db-2"]),
  );
  const calls = (await readFile(join(folder, "notes/calls"), "utf8")).trim().split("\n");
  expect(calls.map((call) => call.trim()).sort()).toEqual(["GET /flush", "GET /flush", "POST /freeze web"]);
});

test("a sequential batch goes on after a member that failed, and its second try saves that too", {
  timeout: TEST_MS,
}, async () => {
  await startSession(cluster.client, NAMESPACE, "sequential-1", 1, "sequential");
  const failed = await untilSession(cluster.client, NAMESPACE, "sequential-1", SESSION_MS);
  expect(hostsOf(failed).map((hosts) => hosts.map((host) => host.split(" ")[1]))).toEqual([
    ["Succeeded", "Succeeded", "Succeeded"],
    ["Failed"],
    ["Succeeded", "Succeeded"],
  ]);
  expect(failed.status?.targets?.[1]?.stats?.[0]?.reason).toBe("HOOK_FAILED");
  await writeFile(join(folder, "notes/allowed"), "");
  const { status } = await untilSession(
    cluster.client,
    NAMESPACE,
    "sequential-1",
    SESSION_MS,
    (session) => session.status?.retried === true,
  );
  expect(status?.phase).toBe("Failed");
  const retry = (await listSessions(cluster.client, NAMESPACE)).find(({ spec }) => spec.retryOf === "sequential-1");
  const session = await untilSession(cluster.client, NAMESPACE, retry?.metadata.name ?? "", SESSION_MS);
  expect(session.status?.phase, JSON.stringify(session.status)).toBe("Succeeded");
  const times = (session.status?.targets ?? []).map(({ stats }) => ({
    first: Math.min(...(stats ?? []).map(({ startedAt }) => Date.parse(startedAt ?? ""))),
    last: Math.max(...(stats ?? []).map(({ finishedAt }) => Date.parse(finishedAt ?? ""))),
  }));
  for (const [index, { first }] of times.entries()) {
    if (index > 0) expect(first).toBeGreaterThanOrEqual(times[index - 1]?.last ?? Number.NaN);
  }
  const left = (await listSessions(cluster.client, NAMESPACE)).map(({ metadata }) => metadata.name);
  expect(left.filter((name) => name.startsWith("sequential"))).toEqual([session.metadata.name]);
  expect(left).toContain("parallel-1");
});

test("a restore of that session brings every file of every host back", { timeout: TEST_MS }, async () => {
  const [retry] = (await listSessions(cluster.client, NAMESPACE)).filter(({ spec }) => spec.retryOf !== undefined);
  const before = await describeFiles();
  for (const host of Object.values(HOST_FOLDERS).flat()) {
    for (const name of ["file-0", "file-3", "link", "folder with blanks"]) {
      await rm(join(folder, host, name), { recursive: true });
    }
    await writeFile(join(folder, host, "file-1"), "damaged");
  }
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: { name: back, namespace: ${NAMESPACE} }
spec:
  repository: { name: store }
  executionOrder: Sequential
  timeOut: 5m
  session: ${retry?.metadata.name}
  members:${(["db", "web", "logs"] as const).map((name) => memberLines(name, "")).join("")}`);
  const restore = await untilRestored("back");
  expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
  expect(restore.status?.recoveryPoint?.session).toBe(retry?.metadata.name);
  expect(restore.status?.members?.map(({ stats }) => stats?.map(({ hostname }) => hostname).sort())).toEqual([
    ["db-0", "db-1", "db-2"],
    ["web"],
    ["logs-node-a", "logs-node-b"],
  ]);
  expect(await describeFiles()).toEqual(before);
});

function untilRestored(name: string): Promise<RestoreBatch> {
  const read = () => cluster.client.get(KINDS.RestoreBatch, NAMESPACE, name, parseRestoreBatch);
  return eventually(read, ({ status }) => isFinalRestorePhase(status?.phase), SESSION_MS);
}
