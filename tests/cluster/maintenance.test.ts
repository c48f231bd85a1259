/** Checks and prune of a Repository on a real node: a run of its own in the Repository's namespace, which gives way to backups. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type RepositoryStatus } from "../../shared/api/repository.ts";
import { Annotation, Install } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { CONFIG_MAPS } from "../../shared/kube/resources.ts";
import { buildDeletionOrder, deletionSelector, readDeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { type BackendServer, startRestServer } from "../support/restic/backend-servers.ts";
import { bareRestic, type HeldLock } from "../support/restic/bare-restic.ts";

const NAMESPACE = "upkeep";
const VAULT = "upkeep-vault";
const TIMEOUT_MS = 120_000;
const JOBS: Resource = { group: "batch", version: "v1", plural: "jobs", namespaced: true };

const cluster = useProduct({ reconcilerFlags: ["--snapshot-deletions"] });
let store: BackendServer;
let dir: string;
let foreign: HeldLock | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-upkeep-"));
  store = await startRestServer(dir, "backup", "secret", cluster().gateway);
  await applyManifests(
    cluster().client,
    parseManifests(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Namespace
metadata: { name: ${VAULT}, labels: { pod-security.kubernetes.io/enforce: restricted } }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${VAULT} }
stringData: { RESTIC_PASSWORD: not-a-secret, REST_SERVER_USERNAME: backup, REST_SERVER_PASSWORD: secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${VAULT} }
spec:
  backend: { storageSecretName: backend, rest: { url: "http://${store.host}:${store.port}/" } }
  usagePolicy: { allowedNamespaces: { from: All } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "date >/data/file; sleep infinity"]
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store, namespace: ${VAULT} }
  retentionPolicy: { name: one, keepLast: 1, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: app }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
`),
  );
  await waitForContainer(cluster().client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
}, 300_000);

afterAll(async () => {
  await foreign?.kill();
  await store?.stop();
  removeFolder(dir);
});

async function statusOf(namespace: string, name: string): Promise<RepositoryStatus> {
  const repository = await cluster().client.get(KINDS.Repository, namespace, name, parseRepository);
  return repository.status ?? {};
}

const repositoryStatus = () => statusOf(VAULT, "store");

const latestRun = ({ maintenanceRuns }: RepositoryStatus) => maintenanceRuns?.[0];

async function backup(name: string, of = "app"): Promise<BackupSession> {
  const { client } = cluster();
  const configuration = () => client.get(KINDS.BackupConfiguration, NAMESPACE, of, asIs);
  const isReady = (object: unknown) => textAt(object, "status", "phase") === "Ready";
  await eventually(configuration, isReady, TIMEOUT_MS);
  const session = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: NAMESPACE },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: of } },
  };
  await client.create(KINDS.BackupSession, NAMESPACE, session, asIs);
  const read = () => client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
  const ended = await eventually(read, ({ status }) => isFinalSessionPhase(status?.phase), TIMEOUT_MS);
  expect(ended.status, JSON.stringify(ended.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  return ended;
}

async function askForCheck(value: string, namespace = VAULT, name = "store"): Promise<void> {
  const body = { metadata: { annotations: { [Annotation.CheckRequested]: value } } };
  await cluster().client.patch(KINDS.Repository, namespace, name, { kind: "merge", body }, asIs);
}

async function checkRequest(): Promise<string | undefined> {
  const repository = await cluster().client.get(KINDS.Repository, VAULT, "store", asIs);
  return textAt(repository, "metadata", "annotations", Annotation.CheckRequested);
}

/** Of the Repository: a Job and an order, as long as it is at work. */
async function madeThings(): Promise<readonly string[]> {
  const { client } = cluster();
  const nameOf = (object: unknown): string => textAt(object, "metadata", "name") ?? "";
  const jobs = await client.list(JOBS, VAULT, nameOf);
  const runs = await client.list(KINDS.HostRun, VAULT, nameOf);
  return [...jobs.items, ...runs.items];
}

const restic = () => bareRestic(`rest:http://backup:secret@${store.host}:${store.port}/`, "not-a-secret");

test("D13: checks and prune run in the Repository's namespace, and its status says when", async () => {
  const first = await backup("one");
  const results = (first.status?.targets ?? []).flatMap((target) =>
    (target.stats ?? []).flatMap((host) => host.results ?? []),
  );
  expect(results.map(({ action }) => action)).toEqual([
    "InitializeBackendRepository",
    "ApplyRetentionPolicy",
    "SendRepositoryMetrics",
  ]);
  await backup("two");
  await eventually(repositoryStatus, ({ lastRemoval }) => lastRemoval !== undefined, TIMEOUT_MS);
  const told = await eventually(repositoryStatus, (one) => one.points?.[0]?.session === "two", TIMEOUT_MS);
  expect(told.points).toHaveLength(1);
  await askForCheck("please");
  const isDone = (status: RepositoryStatus) => latestRun(status)?.phase === "Succeeded";
  const status = await eventually(repositoryStatus, isDone, TIMEOUT_MS);
  expect(latestRun(status)).toMatchObject({ actions: ["VerifyRepositoryIntegrity", "PruneRepository"] });
  expect(status).toMatchObject({ integrity: true, prunedRemoval: status.lastRemoval });
  expect(status.lastCheckTime).toBeDefined();
  expect(status.lastPruneTime).toBeDefined();
  // Read from the repository itself: the point that retention took is not told any more.
  const points = [{ namespace: NAMESPACE, session: "two", complete: true, keptBy: ["keepLast"] }];
  expect(status).toMatchObject({ points, recoveryPoints: 1, pointsListedAt: latestRun(status)?.assignedAt });
  await eventually(checkRequest, undefined, TIMEOUT_MS);
  await eventually(madeThings, (names) => names.length === 0, TIMEOUT_MS);
  // Of this cluster alone, and one complete point.
  const snapshots: unknown = JSON.parse(restic().run("snapshots", "--json"));
  expect(snapshots).toHaveLength(1);
  expect(JSON.stringify(snapshots)).toMatch(
    /"invoker=BackupConfiguration\/upkeep\/app\/[0-9a-f-]{36}".*"paths=1","hosts=1","member=1\/1"/,
  );
}, 200_000);

test("D13: a check gives way to a backup at once, and comes again when that has ended", async () => {
  // Somebody else's lock: the check waits for it, a backup does not.
  foreign = restic().hold();
  await askForCheck("again");
  const runs = async () => (await cluster().client.list(KINDS.HostRun, VAULT, parseHostRun)).items;
  await eventually(runs, (items) => items.some(({ status }) => (status?.locks ?? []).length > 0), TIMEOUT_MS);
  // Whose it is stands in the status while it waits.
  const holder = foreign.process.pid;
  const isTold = ({ locks = [] }: RepositoryStatus) => locks.some(({ pid }) => pid === holder);
  await eventually(repositoryStatus, isTold, TIMEOUT_MS);
  const isStopped = (status: RepositoryStatus) => latestRun(status)?.phase === "Stopped";
  const stopped = eventually(repositoryStatus, isStopped, TIMEOUT_MS);
  const third = backup("three");
  expect(latestRun(await stopped)?.message).toContain("BackupSession upkeep/three");
  await foreign.release();
  const session = await third;
  expect(findCondition(session.status?.conditions, "RepositoryIntegrityVerified")).toMatchObject({ status: "True" });
  const isDone = (status: RepositoryStatus) => latestRun(status)?.phase === "Succeeded";
  const status = await eventually(repositoryStatus, isDone, TIMEOUT_MS);
  expect(status.maintenanceRuns?.map(({ phase }) => phase)).toEqual(["Succeeded", "Stopped", "Succeeded"]);
  await eventually(repositoryStatus, ({ locks }) => locks?.length === 0, TIMEOUT_MS);
  // Pruned a moment ago: not again on the same day.
  expect(latestRun(status)?.actions).toEqual(["VerifyRepositoryIntegrity"]);
}, 200_000);

test("a snapshot that somebody deleted goes from the repository and from the list, and no other does", async () => {
  const { client } = cluster();
  const repository = await client.get(KINDS.Repository, VAULT, "store", parseRepository);
  const listed = repository.status?.snapshots ?? [];
  const foreignOne = listed.find(({ paths = [] }) => paths.includes("/stdin"));
  expect([listed.length, foreignOne]).toEqual([2, expect.anything()]);
  const order = buildDeletionOrder(Install.Namespace, repository.metadata, foreignOne?.id ?? "", "owner@example.com");
  await client.create(CONFIG_MAPS, Install.Namespace, order, asIs);
  const orders = async () => {
    const options = { labelSelector: deletionSelector(VAULT) };
    return (await client.list(CONFIG_MAPS, Install.Namespace, readDeletionOrder, options)).items;
  };
  await eventually(orders, (items) => items.length === 0, TIMEOUT_MS);
  const status = await repositoryStatus();
  const left = listed.filter((one) => one !== foreignOne).map(({ id }) => id);
  expect(status.snapshots?.map(({ id }) => id)).toEqual(left);
  expect(latestRun(status)).toMatchObject({ phase: "Succeeded", actions: ["DeleteSnapshots"] });
  const present: unknown = JSON.parse(restic().run("snapshots", "--json"));
  expect(Array.isArray(present) ? present.map((one) => textAt(one, "id")) : []).toEqual(left);
}, 200_000);

test("a repository in a folder is pruned as the user who saves there, who saves into it again afterwards", async () => {
  const folder = join(dir, "folder");
  await mkdir(folder);
  execFileSync("chown", ["1000:1000", folder]);
  const { client } = cluster();
  await applyManifests(
    client,
    parseManifests(`
apiVersion: v1
kind: Secret
metadata: { name: folder, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: folder, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: folder
    local: { mountPath: /safe/folder, hostPath: { path: "${folder}", type: Directory } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: plain, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: plain } }
  template:
    metadata: { labels: { app: plain } }
    spec:
      terminationGracePeriodSeconds: 0
      securityContext: { runAsUser: 1000, runAsGroup: 1000 }
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "date >/data/file; sleep infinity"]
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: plain, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: folder }
  retentionPolicy: { name: one, keepLast: 1, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: plain }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
`),
  );
  await waitForContainer(client, NAMESPACE, "app=plain", "stash", 1, TIMEOUT_MS);
  await backup("plain-one", "plain");
  await backup("plain-two", "plain");
  const status = () => statusOf(NAMESPACE, "folder");
  await eventually(status, ({ lastRemoval }) => lastRemoval !== undefined, TIMEOUT_MS);
  await askForCheck("please", NAMESPACE, "folder");
  const isDone = (one: RepositoryStatus) => latestRun(one)?.finishedAt !== undefined;
  const done = latestRun(await eventually(status, isDone, TIMEOUT_MS));
  expect(done).toMatchObject({ phase: "Succeeded", actions: ["VerifyRepositoryIntegrity", "PruneRepository"] });
  expect(done?.pod).toMatch(/^stash-maintain-folder-/);
  expect(execFileSync("find", [folder, "!", "-user", "1000"], { encoding: "utf8" })).toBe("");
  await backup("plain-three", "plain");
}, 200_000);
