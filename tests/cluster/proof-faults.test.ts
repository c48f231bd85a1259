/** Drills on a real node find what is wrong with a recovery point, and name it; the application does not notice. PostgreSQL, with statements. */
import { chownSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec, type PodExec } from "../../shared/kube/exec/pod.ts";
import { eventually } from "../support/eventually.ts";
import { type Runs, runsIn } from "../support/jobs/runs.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { folderOfClaim } from "../support/objects/claims.ts";
import { waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "proof-faults";
const PASSWORD = "not-a-secret";
const CATALOGUE = join(import.meta.dirname, "../../manifests/catalog");
const END_MS = 90_000;

const product = useProduct({ reconcilerFlags: ["--pod-wait=60s"] });
let runs: Runs;
let exec: PodExec;
let repository: string;
let applicationBefore: readonly string[];
/** Names of claims that pods of drills had, as they were seen. */
const mounted = new Set<string>();
const watching = new AbortController();

type Targets = NonNullable<BackupSession["status"]>["targets"];
type Status = NonNullable<BackupVerificationSession["status"]>;

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
metadata: { name: files, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Secret
metadata: { name: db-auth, namespace: ${NAMESPACE} }
stringData: { username: postgres, password: of-the-application }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  strategy: { type: Recreate }
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: server
          image: "postgres:16"
          env:
            - { name: PGDATA, value: /tmp/db/files }
            - { name: POSTGRES_PASSWORD, valueFrom: { secretKeyRef: { name: db-auth, key: password } } }
          readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 1 }
          volumeMounts: [{ name: files, mountPath: /files }]
      volumes: [{ name: files, persistentVolumeClaim: { claimName: files } }]
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: ${NAMESPACE} }
spec: { selector: { app: app }, ports: [{ port: 5432, protocol: TCP }] }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: db, namespace: ${NAMESPACE} }
spec:
  type: kubedb.com/postgres
  version: "16"
  clientConfig: { service: { scheme: postgresql, name: db, port: 5432 } }
  secret: { name: db-auth }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: false }
  members:
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }
    - target: { alias: db, ref: { apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: db } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: app }
  timeOut: 5m
  storage: { storageClassName: standard }
  sessionHistoryLimit: 10
  type: Query
  queries:
    - { member: db, database: shop, statement: "SELECT count(*) FROM item", expect: { min: "2", max: "3" } }
    - { member: db, database: shop, statement: "SELECT name FROM item WHERE id = 1", expect: { equals: naïve } }
`;

const FILL = `set -e; mkdir -p /files/pages; for i in 1 2 3 4 5; do echo page $i >/files/pages/$i.html; done
head -c 3000000 /dev/urandom >/files/picture; chown 1234:2345 /files/pages/4.html
psql -X -q -v ON_ERROR_STOP=1 -h /tmp/db/run -U postgres <<'SQL'
CREATE DATABASE shop;
\\c shop
CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'naïve'), (2, 'x'), (3, 'y');
CREATE TABLE sale (id int); INSERT INTO sale VALUES (7), (8);
SQL`;

beforeAll(async () => {
  const { client, dir } = product();
  exec = createPodExec({ connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }) });
  runs = runsIn(client, NAMESPACE, exec);
  repository = join(dir, NAMESPACE);
  writeEmptyRepository(repository, PASSWORD);
  for (const file of ["pvc.yaml", "postgres.yaml"]) await applyFile(client, join(CATALOGUE, file));
  await applyManifests(client, parseManifests(manifest()));
  await waitForReadyPods(client, NAMESPACE, "app=app", 1, END_MS);
  await runs.untilReady("BackupBatch", "app");
  await runs.run("app", "server", FILL);
  await runs.begin("app");
  const session = await runs.untilEnd("app");
  expect(session.phase, JSON.stringify(session)).toBe("Succeeded");
  applicationBefore = await applicationPods();
  void watchMounts();
}, 240_000);

afterAll(async () => {
  watching.abort();
  await product().client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
});

async function applicationPods(): Promise<readonly string[]> {
  const { items } = await product().client.list(KUBERNETES.Pod, NAMESPACE, asIs, { labelSelector: "app=app" });
  return items.map((pod) => {
    const restarts = listAt(pod, "status", "containerStatuses").map((status) => numberAt(status, "restartCount"));
    return `${textAt(pod, "metadata", "uid")} ${restarts.join()}`;
  });
}

/** Every pod of a drill lives for a second and more. */
async function watchMounts(): Promise<void> {
  for (; !watching.signal.aborted; await sleep(200)) {
    const selector = { labelSelector: "app.kubernetes.io/instance" };
    const pods = await product()
      .client.list(KUBERNETES.Pod, NAMESPACE, asIs, selector)
      .catch(() => ({ items: [] }));
    for (const pod of pods.items) {
      for (const volume of listAt(pod, "spec", "volumes")) {
        const claim = textAt(volume, "persistentVolumeClaim", "claimName");
        if (claim !== undefined) mounted.add(claim);
      }
    }
  }
}

async function begin(name: string): Promise<void> {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const body = { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { verifier: "nightly" } };
  await product().client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
}

function until(name: string, isWanted: (status: Status) => boolean): Promise<Status> {
  const read = () =>
    product().client.get(KINDS.BackupVerificationSession, NAMESPACE, name, parseBackupVerificationSession);
  return eventually(async () => (await read()).status ?? {}, isWanted, END_MS);
}

const untilEnd = (name: string) => until(name, ({ completionTime }) => completionTime !== undefined);

/** Codes and what they are about, member by member. */
function foundIn({ members = [] }: Status) {
  return Object.fromEntries(
    members.map(({ alias, findings = [] }) => [alias, findings.map(({ code, path }) => `${code} ${path}`).sort()]),
  );
}

const restic = (args: readonly string[], input?: Buffer | string) =>
  bareRestic(repository, PASSWORD).runBytes(args, input);

test("PostgreSQL and its files come back, are counted and asked; no pod of the application restarts, and no claim of it is mounted", async () => {
  await begin("whole");
  const status = await untilEnd("whole");
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect(status.members).toMatchObject([
    { alias: "files", findingCount: 0 },
    { alias: "db", findingCount: 0, tableCount: 2, rows: 5, queries: [{ value: "3" }, { value: "naïve" }] },
  ]);
  expect(await applicationPods()).toEqual(applicationBefore);
  const own = [...(status.volumes ?? []).map(({ claim }) => claim), ...(status.servers ?? []).map(({ name }) => name)];
  expect([...mounted].sort()).toEqual(own.sort());
});

test("a file missing, a wrong owner and a table with rows gone are found in one drill, each by its code", async () => {
  await begin("spoilt");
  const { volumes = [], servers = [] } = await until("spoilt", ({ step }) => step === "Verifying");
  const { client } = product();
  const folder = await folderOfClaim(client, NAMESPACE, volumes[0]?.claim ?? "");
  rmSync(join(folder, "pages", "2.html"));
  chownSync(join(folder, "pages", "4.html"), 0, 0);
  const { items } = await client.list(KUBERNETES.Pod, NAMESPACE, asIs, {
    labelSelector: `job-name=${servers[0]?.name}`,
  });
  const sql = "psql -X -q -h /drill-server/run -U postgres shop -c 'DELETE FROM sale WHERE id = 7'";
  const { end, stderr } = await exec({
    namespace: NAMESPACE,
    pod: textAt(items[0], "metadata", "name") ?? "",
    container: "server",
    command: ["sh", "-c", sql],
    timeoutMs: 10_000,
  });
  expect(end, stderr).toMatchObject({ exitCode: 0 });
  const status = await untilEnd("spoilt");
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(foundIn(status)).toEqual({
    files: [
      expect.stringMatching(/^RESTORED_FILE_MISSING .*2\.html$/),
      expect.stringMatching(/^RESTORED_METADATA_DIFFERS .*4\.html$/),
    ],
    db: ["RESTORED_ROWS_DIFFER shop.public.sale"],
  });
  expect(status.message).toContain("the table has 1 rows, in the dump 2");
});

test("a truncated dump, and a snapshot of another application under the same tags, are found in one drill", async () => {
  const { client } = product();
  const read = () => client.get(KINDS.BackupSession, NAMESPACE, "app-1", parseBackupSession);
  const { status: saved = {} } = await read();
  const dump = saved.targets?.find(({ alias }) => alias === "db")?.stats?.[0];
  const id = dump?.snapshots?.[0]?.name ?? "";
  const [snapshot] = JSON.parse(restic(["snapshots", "--json", id]).toString("utf8"));
  const text = restic(["dump", id, snapshot.paths[0]]).toString("utf8");
  const save = (input: string): string => {
    const tags = snapshot.tags.flatMap((tag: string) => ["--tag", tag]);
    const stdin = ["--stdin", "--stdin-filename", snapshot.paths[0]];
    const out = restic(["backup", "--json", "--host", snapshot.hostname, ...stdin, ...tags], input).toString("utf8");
    return /"snapshot_id":"([0-9a-f]{64})"/.exec(out)?.[1] ?? "";
  };
  // As a backup that took a dump for whole which was cut off between two statements.
  const truncated = save(text.slice(0, text.indexOf("-- PostgreSQL database cluster dump complete")));
  const targets: Targets = (saved.targets ?? []).map((target) => ({
    ...target,
    stats: (target.stats ?? []).map((host) => ({
      ...host,
      snapshots: (host.snapshots ?? []).map((one) => (one.name === id ? { ...one, name: truncated } : one)),
    })),
  }));
  const patchTargets = async (to: Targets): Promise<void> => {
    const patch = { kind: "merge", body: { status: { targets: to } } } as const;
    await client.patchStatus(KINDS.BackupSession, NAMESPACE, "app-1", patch, asIs);
  };
  await patchTargets(targets);
  const foreign = save("-- of another application\n");
  try {
    await begin("foreign");
    const status = await untilEnd("foreign");
    expect(status.phase, JSON.stringify(status)).toBe("Failed");
    expect(foundIn(status)).toEqual({
      files: [],
      db: [
        expect.stringMatching(/^DUMP_TRUNCATED .*dumpfile\.sql$/),
        expect.stringMatching(/^SNAPSHOT_FOREIGN .*dumpfile\.sql$/),
      ],
    });
    expect(status.message).toContain(`snapshot ${foreign.slice(0, 8)} carries the tags`);
  } finally {
    restic(["forget", foreign, truncated]);
    await patchTargets(saved.targets);
  }
});

test("a lost pack and a password that no longer fits are found in one drill, in the programs' own words", async () => {
  const data = join(repository, "data");
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  // The picture's is by far the largest.
  rmSync(paths.reduce((largest, path) => (statSync(path).size > statSync(largest).size ? path : largest)));
  await begin("lost");
  const { servers = [] } = await until("lost", ({ step }) => step === "Restoring");
  const body = { stringData: { password: "another" } };
  await product().client.patch(KUBERNETES.Secret, NAMESPACE, servers[0]?.name ?? "", { kind: "merge", body }, asIs);
  const status = await untilEnd("lost");
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toMatch(/files: .*restic found the repository damaged/);
  expect(status.message).toMatch(/db: .*password authentication failed/);
  expect(status.message).not.toContain("another");
  expect(await applicationPods()).toEqual(applicationBefore);
});
