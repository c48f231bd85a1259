/** Drills on a real node: what was backed up comes back beside the application, what is broken is found, and nothing stays. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLUGIN_FILE } from "../../scripts/build.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { runPlugin } from "../support/cli/plugin.ts";
import { eventually } from "../support/eventually.ts";
import { type Runs, runsIn } from "../support/jobs/runs.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { folderOfClaim } from "../support/objects/claims.ts";
import { waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "proof";
const PASSWORD = "not-a-secret";
const CATALOGUE = join(import.meta.dirname, "../../manifests/catalog");
const END_MS = 90_000;
const GONE_MS = 60_000;

const product = useProduct({ reconcilerFlags: ["--pod-wait=60s"] });
let runs: Runs;
let repository: string;

const COUNTED = `{ member: db, statement: "SELECT COUNT(*) FROM item", expect: { min: "3", max: "3" } }`;

/** The server answers to the member's alias. */
const SCRIPT = `set -e; echo asking $DRILL_DB_HOST:$DRILL_DB_PORT
MYSQL_PWD=$DRILL_DB_PASSWORD mariadb --no-defaults --host=db --user=$DRILL_DB_USER $DRILL_DB_DATABASE -e "SELECT COUNT(*) AS items FROM item"`;

/** @param batch whose points are restored */
function verifier(name: string, batch: string, ...fields: readonly string[]): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: ${batch} }
  timeOut: 5m
  ${fields.join("\n  ")}`;
}

/** A batch of one database, by an AppBinding of the same name. */
function databaseBatch(name: string, type: string, version: string): string {
  return `
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  type: ${type}
  version: "${version}"
  clientConfig: { service: { scheme: mysql, name: shop-db, port: 3306, path: shop } }
  secret: { name: shop-auth }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: false }
  members:
    - target: { alias: db, ref: { apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: ${name} } }`;
}

const manifest = (): string => `
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
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: web, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: extra, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${NAMESPACE} }
spec:
  strategy: { type: Recreate }
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "sleep infinity"]
          volumeMounts: [{ name: web, mountPath: /data }, { name: extra, mountPath: /extra }]
      volumes:
        - { name: web, persistentVolumeClaim: { claimName: web } }
        - { name: extra, persistentVolumeClaim: { claimName: extra } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: false }
  backupHistoryLimit: 5
  executionOrder: Sequential
  members:
    - target:
        alias: web
        ref: { apiVersion: apps/v1, kind: Deployment, name: web }
        volumeMounts: [{ name: web, mountPath: /data }]
        paths: [/data/pages, /data/uploads]
    - target: { alias: extra, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: extra } }
---
apiVersion: v1
kind: Secret
metadata: { name: shop-auth, namespace: ${NAMESPACE} }
stringData: { username: root, password: "of'the\\\\application" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop-db, namespace: ${NAMESPACE} }
spec:
  strategy: { type: Recreate }
  selector: { matchLabels: { app: shop-db } }
  template:
    metadata: { labels: { app: shop-db } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: server
          image: "mariadb:10.11"
          env: [{ name: MYSQL_ROOT_PASSWORD, valueFrom: { secretKeyRef: { name: shop-auth, key: password } } }]
          readinessProbe: { tcpSocket: { port: 3306 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: shop-db, namespace: ${NAMESPACE} }
spec: { selector: { app: shop-db }, ports: [{ port: 3306, protocol: TCP }] }
---
${databaseBatch("shop", "kubedb.com/mariadb", "10.11")}
---
${databaseBatch("press", "mysql", "8.0.27")}
---
${verifier("shop", "shop", "type: Query", `queries: [${COUNTED}, { member: db, statement: "SELECT name FROM item WHERE id = 1", expect: { equals: naïve } }]`)}
---
${verifier("wrong", "shop", "type: Query", `queries: [${COUNTED}, { member: db, statement: "SELECT COUNT(*) FROM sale", expect: { min: "2" } }]`)}
---
${verifier("script", "press", "type: Script", 'servers: [{ member: db, image: "mariadb:10.11" }]', `script: { image: "mariadb:10.11", command: [bash, -c, ${JSON.stringify(SCRIPT)}] }`)}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: app }
  sessionHistoryLimit: 10
  timeOut: 5m
`;

const FILL = `mkdir -p /data/pages /data/uploads /extra/sub && for i in $(seq 20); do echo page $i >/data/pages/$i.html; done &&
head -c 6000000 /dev/urandom >/data/uploads/picture && ln -s picture /data/uploads/link && chmod 640 /data/pages/3.html &&
chown 1234:2345 /data/pages/4.html && echo kept >/extra/sub/file`;

const FILL_DATABASE = `MYSQL_PWD=$MYSQL_ROOT_PASSWORD mariadb --no-defaults --host=127.0.0.1 --user=root --default-character-set=utf8mb4 <<'SQL'
CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(50)); INSERT INTO item VALUES (1, 'naïve'), (2, 'x'), (3, 'y');
CREATE TABLE sale (id INT); INSERT INTO sale VALUES (7);
SQL`;

beforeAll(async () => {
  const { client, dir } = product();
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  runs = runsIn(client, NAMESPACE, createPodExec({ connection }));
  repository = join(dir, "proof");
  writeEmptyRepository(repository, PASSWORD);
  for (const file of ["pvc.yaml", "mariadb.yaml", "mysql.yaml"]) await applyFile(client, join(CATALOGUE, file));
  await applyManifests(client, parseManifests(manifest()));
  await waitForReadyPods(client, NAMESPACE, "app=web", 1, END_MS);
  await runs.untilReady("BackupBatch", "app");
  await runs.run("web", "app", FILL);
  await runs.begin("app");
  await waitForReadyPods(client, NAMESPACE, "app=shop-db", 1, END_MS);
  for (const batch of ["shop", "press"]) await runs.untilReady("BackupBatch", batch);
  await runs.run("shop-db", "server", FILL_DATABASE);
  for (const batch of ["shop", "press"]) await runs.begin(batch);
  for (const batch of ["app", "shop", "press"]) {
    const session = await runs.untilEnd(batch);
    expect(session.phase, JSON.stringify(session)).toBe("Succeeded");
  }
}, 240_000);

afterAll(async () => {
  await product().client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
});

/** What the plugin prints. */
async function stash(...args: readonly string[]): Promise<string> {
  const { bundlesFolder, kubeconfigPath } = sharedPlane();
  const plugin = join(bundlesFolder, PLUGIN_FILE);
  const run = await runPlugin(plugin, [...args, "-n", NAMESPACE], { env: { KUBECONFIG: kubeconfigPath } });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  return run.stdout;
}

async function drill(name: string, verifier = "nightly"): Promise<void> {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const body = { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { verifier } };
  await product().client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
}

function untilDrill(
  name: string,
  isWanted: (status: NonNullable<BackupVerificationSession["status"]>) => boolean,
): Promise<NonNullable<BackupVerificationSession["status"]>> {
  const read = () =>
    product().client.get(KINDS.BackupVerificationSession, NAMESPACE, name, parseBackupVerificationSession);
  return eventually(async () => (await read()).status ?? {}, isWanted, END_MS);
}

const isEnded = ({ phase = "" }: { readonly phase?: string }): boolean =>
  ["Succeeded", "Failed", "Skipped"].includes(phase);

const kinds: readonly (readonly [string, Resource])[] = [
  ["claim", KUBERNETES.PersistentVolumeClaim],
  ["batch", KINDS.RestoreBatch],
  ["job", { group: "batch", version: "v1", plural: "jobs", namespaced: true }],
  ["order", KINDS.HostRun],
  ["server", KUBERNETES.Pod],
  ["password", KUBERNETES.Secret],
  ["address", KINDS.AppBinding],
  ["account", { group: "", version: "v1", plural: "serviceaccounts", namespaced: true }],
];

/** Names of what belongs to a drill, or looks as if it did. */
async function leftOf(drillName: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    kinds.map(async ([kind, resource]) => {
      const { items } = await product().client.list(resource, NAMESPACE, asIs);
      return items
        .filter((item) => (textAt(item, "metadata", "name") ?? "").includes(drillName))
        .map((item) => `${kind} ${textAt(item, "metadata", "name")}`);
    }),
  );
  return lists.flat();
}

async function untilNothingLeft(drillName: string): Promise<void> {
  await eventually(() => leftOf(drillName), [], GONE_MS);
}

async function applicationPods(): Promise<readonly string[]> {
  const { items } = await product().client.list(
    { group: "", version: "v1", plural: "pods", namespaced: true },
    NAMESPACE,
    asIs,
    { labelSelector: "app in (web, shop-db)" },
  );
  return items.map((pod) => {
    const restarts = listAt(pod, "status", "containerStatuses").map((status) => numberAt(status, "restartCount"));
    return `${textAt(pod, "metadata", "uid")} ${restarts.join()}`;
  });
}

test("a recovery point comes back beside the application, is found whole, and nothing stays", async () => {
  const { client } = product();
  const before = await applicationPods();
  const proved = await stash("prove", "app", "--wait", "-o", "name");
  const whole = proved.slice(proved.lastIndexOf("/") + 1).trim();
  const status = await untilDrill(whole, isEnded);
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Succeeded" },
    { alias: "extra", phase: "Succeeded" },
  ]);
  expect(status.members?.[0]?.files).toBeGreaterThanOrEqual(22);
  expect(status.point?.session).toBe("app-1");
  expect(findCondition(status.conditions, "RecoveryProven")?.status).toBe("True");
  expect(findCondition(status.conditions, "Ready")?.status).toBe("True");
  expect(await applicationPods()).toEqual(before);
  await untilNothingLeft(whole);

  const store = await client.get(KINDS.Repository, NAMESPACE, "store", parseRepository);
  const points = store.status?.points?.map(({ session, proven }) => [session, proven?.by, proven?.type]);
  expect(points).toContainEqual(["app-1", whole, "RestoreOnly"]);
  expect(points).toContainEqual(["shop-1", undefined, undefined]);
  const batch = await client.get(KINDS.BackupBatch, NAMESPACE, "app", parseBackupBatch);
  expect(batch.status?.lastProven).toMatchObject({ by: whole, session: "app-1" });
  const verifier = await client.get(KINDS.BackupVerifier, NAMESPACE, "nightly", parseBackupVerifier);
  expect(verifier.status?.lastProven).toMatchObject({ by: whole });
  expect(findCondition(verifier.status?.conditions, "RecoveryProven")?.status).toBe("True");
  expect(await stash("proof", "app")).toContain("app-1");
});

test("a file that is missing from what came back is found and named", async () => {
  await drill("missing");
  const { volumes = [] } = await untilDrill("missing", ({ step }) => step === "Restoring");
  const claim = volumes.find(({ member }) => member === "web")?.claim ?? "";
  await untilDrill("missing", ({ step }) => step === "Verifying");
  rmSync(join(await folderOfClaim(product().client, NAMESPACE, claim), "pages", "7.html"));
  const status = await untilDrill("missing", isEnded);
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toContain("7.html");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Failed", findings: [{ code: "RESTORED_FILE_MISSING" }] },
    { alias: "extra", phase: "Succeeded" },
  ]);
  await untilNothingLeft("missing");
});

test("a database comes back in a server of the drill's own, is counted and asked, and nothing stays", async () => {
  const before = await applicationPods();
  await drill("counted", "shop");
  const status = await untilDrill("counted", isEnded);
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect(status.members).toMatchObject([{ alias: "db", phase: "Succeeded", tableCount: 2, rows: 4, findingCount: 0 }]);
  expect(status.members?.[0]?.tables).toEqual([
    { name: "shop.item", rows: 3 },
    { name: "shop.sale", rows: 1 },
  ]);
  expect(status.members?.[0]?.queries?.map(({ ok, value }) => [ok, value])).toEqual([
    [true, "3"],
    [true, "naïve"],
  ]);
  expect(status.message).toContain("2 tables, 4 rows, 2 answers");
  expect(status.servers).toMatchObject([{ image: "docker.io/library/mariadb:10.11", database: "shop" }]);
  expect(await applicationPods()).toEqual(before);
  await untilNothingLeft("counted");
});

test("an answer that is not as it must be is named", async () => {
  await drill("asked", "wrong");
  const status = await untilDrill("asked", isEnded);
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toContain("SELECT COUNT(*) FROM sale");
  expect(status.message).toContain("at least 2");
  expect(status.members).toMatchObject([
    {
      alias: "db",
      phase: "Failed",
      rows: 4,
      findings: [{ code: "QUERY_FAILED" }],
      queries: [{ ok: true }, { ok: false }],
    },
  ]);
  await untilNothingLeft("asked");
});

test("a password that no longer fits is named", async () => {
  await drill("locked", "shop");
  const { servers = [] } = await untilDrill("locked", ({ step }) => step === "Restoring");
  const body = { stringData: { password: "another" } };
  await product().client.patch(KUBERNETES.Secret, NAMESPACE, servers[0]?.name ?? "", { kind: "merge", body }, asIs);
  const status = await untilDrill("locked", isEnded);
  expect(status.phase, JSON.stringify(status)).toBe("Failed");
  expect(status.message).toMatch(/^(the restore failed: )?db: .*refused root: .*Access denied/);
  expect(status.message).not.toContain("another");
  await untilNothingLeft("locked");
});

test("a script asks the server by the member's alias, though the dump has the application's own accounts", async () => {
  await drill("scripted", "script");
  const status = await untilDrill("scripted", isEnded);
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect(status.members).toMatchObject([{ tableCount: 2, rows: 4, findingCount: 0 }]);
  expect(status.script).toMatchObject({ exitCode: 0, output: expect.stringMatching(/asking [\d.]+:3306\nitems\n3/) });
  await untilNothingLeft("scripted");
});

/** The pack with the picture is by far the largest: dumps are compressed. */
function largestPack(): string {
  const data = join(repository, "data");
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return paths.reduce((largest, path) => (statSync(path).size > statSync(largest).size ? path : largest));
}

test("a pack that the store has lost is found, in restic's own words", async () => {
  rmSync(largestPack());
  await drill("lost");
  const status = await untilDrill("lost", isEnded);
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toContain("web: restore of snapshot");
  expect(status.message).toContain("restic found the repository damaged");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Failed" },
    { alias: "extra", message: "web failed, and this member depends on it" },
  ]);
  await untilNothingLeft("lost");
  const verifier = await product().client.get(KINDS.BackupVerifier, NAMESPACE, "nightly", parseBackupVerifier);
  expect(findCondition(verifier.status?.conditions, "RecoveryProven")?.status).toBe("False");
});
