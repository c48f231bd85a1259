/** What was read decides, on a real node: an application that runs as a user, and data of others beside its own. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { isJsonObject, numberAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { EVENTS } from "../../shared/kube/resources.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { type BackendServer, startRestServer } from "../support/restic/backend-servers.ts";

const NAMESPACE = "unreadable";
const TIMEOUT_MS = 120_000;

const cluster = useProduct();
let store: BackendServer;
let dir: string;

/** A workload of user 1000, into whose volume root has put something first. */
function workload(name: string, asRoot: string): string {
  return `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: ${name} } }
  strategy: { type: Recreate }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 0
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, fsGroupChangePolicy: OnRootMismatch }
      initContainers:
        - name: other
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && chmod 644 /data/file && ${asRoot}"]
          securityContext: { runAsUser: 0 }
          volumeMounts: [{ name: data, mountPath: /data }]
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "sleep infinity"]
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: ${name} } }]
`;
}

function configuration(name: string, target: string, paths: string): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  target:
    alias: ${name}
    ref: { apiVersion: apps/v1, kind: Deployment, name: ${target} }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: ${paths}
`;
}

/** The application has a second volume in a folder of the first, and the member knows nothing of it. */
const NESTED = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: nested, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: nested } }
  strategy: { type: Recreate }
  template:
    metadata: { labels: { app: nested } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && echo lost >/data/uploads/file && sleep infinity"]
          volumeMounts: [{ name: data, mountPath: /data }, { name: uploads, mountPath: /data/uploads }]
      volumes:
        - { name: data, emptyDir: {} }
        - { name: uploads, persistentVolumeClaim: { claimName: nested } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: nested, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-unreadable-"));
  store = await startRestServer(dir, "backup", "secret", cluster().gateway);
  await applyManifests(
    cluster().client,
    parseManifests(
      [
        `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: not-a-secret, REST_SERVER_USERNAME: backup, REST_SERVER_PASSWORD: secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec: { backend: { storageSecretName: backend, rest: { url: "http://${store.host}:${store.port}/" } } }
`,
        workload("files", "touch /data/private && chmod 000 /data/private && ln -sfn file /data/current"),
        workload("folders", "mkdir -p /data/pgdata && echo 1 >/data/pgdata/1 && chmod 700 /data/pgdata"),
        NESTED,
        configuration("nested", "nested", "[/data]"),
        configuration("files", "files", "[/data/]"),
        configuration("folders", "folders", "[/data]"),
        configuration("nothing", "files", "[/data/current, /usr]"),
      ].join("---\n"),
    ),
  );
  for (const name of ["files", "folders", "nested"]) {
    await waitForContainer(cluster().client, NAMESPACE, `app=${name}`, "stash", 1, TIMEOUT_MS);
  }
}, 300_000);

afterAll(async () => {
  await store?.stop();
  removeFolder(dir);
});

async function configurationStatus(name: string): Promise<unknown> {
  return cluster().client.get(KINDS.BackupConfiguration, NAMESPACE, name, asIs);
}

/** A session of the configuration, to its end. */
async function backup(name: string): Promise<BackupSession> {
  const { client } = cluster();
  const isReady = (object: unknown) => textAt(object, "status", "phase") === "Ready";
  await eventually(() => configurationStatus(name), isReady, TIMEOUT_MS);
  const session = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name: `${name}-1`, namespace: NAMESPACE },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name } },
  };
  await client.create(KINDS.BackupSession, NAMESPACE, session, asIs);
  const read = () => client.get(KINDS.BackupSession, NAMESPACE, `${name}-1`, parseBackupSession);
  return eventually(read, ({ status }) => isFinalSessionPhase(status?.phase), TIMEOUT_MS);
}

async function eventsOf(session: BackupSession): Promise<readonly string[]> {
  const { items } = await cluster().client.list(EVENTS, NAMESPACE, asIs);
  return items.flatMap((event) => {
    const isOf = isJsonObject(event) && textAt(event, "involvedObject", "name") === session.metadata.name;
    return isOf ? [textAt(event, "reason") ?? ""] : [];
  });
}

test("D1: a file of mode 000 of another user is counted where people look, and the rest is saved", async () => {
  const session = await backup("files");
  const { status } = session;
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded", unreadableFiles: 1 });
  // C02: the path has one form, however it is written.
  const [host] = status?.targets?.[0]?.stats ?? [];
  expect(host).toMatchObject({ phase: "Succeeded", unreadableFiles: 1, snapshots: [{ path: "/data" }] });
  expect(host?.warnings?.[0]).toMatch(/\/data\/private: .*permission denied/);
  expect(findCondition(status?.conditions, "AllFilesRead")).toMatchObject({
    status: "False",
    reason: "FilesUnreadable",
  });
  await eventually(
    () => eventsOf(session),
    (reasons) => reasons.includes("Files Unreadable"),
  );
  const count = (object: unknown) => numberAt(object, "status", "lastRecoveryPoint", "unreadableFiles");
  await eventually(
    () => configurationStatus("files"),
    (object) => count(object) === 1,
  );
});

test("D1: a folder of another user fails the session, which is no recovery point", async () => {
  const { status } = await backup("folders");
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Failed" });
  const [host] = status?.targets?.[0]?.stats ?? [];
  expect(host).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE" });
  expect(host?.error).toContain("/data/pgdata");
  expect(host?.snapshots ?? []).toEqual([]);
  expect(textAt(await configurationStatus("folders"), "status", "lastRecoveryPoint", "session")).toBeUndefined();
});

test("C01: a symbolic link, and a folder that no volume reaches, are no clean success", async () => {
  const { status } = await backup("nothing");
  const [host] = status?.targets?.[0]?.stats ?? [];
  expect(host, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Failed", reason: "PATH_IS_LINK" });
  expect(host?.error).toMatch(/path \/data\/current is a symbolic link to \/data\/file/);
  expect(host?.error).toMatch(/path \/usr is on no volume/);
});

test("C01: a volume of the application within the one that is saved is named where its backup lacks it", async () => {
  const { status } = await backup("nested");
  const [host] = status?.targets?.[0]?.stats ?? [];
  expect(host, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded", snapshots: [{ path: "/data" }] });
  expect(host?.snapshots?.[0]?.fileStats?.totalFiles).toBe(1);
  expect(host?.warnings).toEqual([
    expect.stringMatching(/^\/data lacks volume uploads, which the application has at \/data\/uploads/),
  ]);
});
