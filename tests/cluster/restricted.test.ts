/** A namespace that enforces Pod Security `restricted`: nothing of ours needs more. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { type BackendServer, startRestServer } from "../support/restic/backend-servers.ts";

const NAMESPACE = "restricted";
const TIMEOUT_MS = 90_000;

const cluster = useProduct();
let store: BackendServer;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-restricted-"));
  await applyFile(cluster().client, join(import.meta.dirname, "../../manifests/catalog/pvc.yaml"));
  store = await startRestServer(dir, "backup", "secret", cluster().gateway);
  await applyManifests(
    cluster().client,
    parseManifests(`
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels: { pod-security.kubernetes.io/enforce: restricted }
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
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: app } }
  strategy: { type: Recreate }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 0
      securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && chmod 600 /data/file && sleep infinity"]
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  members:
    - target:
        alias: app
        ref: { apiVersion: apps/v1, kind: Deployment, name: app }
        volumeMounts: [{ name: data, mountPath: /data }]
        paths: [/data]
    - target: { alias: claim, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: data } }
      task: { name: pvc-backup }
`),
  );
});

afterAll(async () => {
  await store?.stop();
  removeFolder(dir);
});

test("a workload gets its sidecar, and a session of sidecar and job saves what they are allowed to read", async () => {
  const { client } = cluster();
  await waitForContainer(client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  const batch = () => client.get(KINDS.BackupBatch, NAMESPACE, "nightly", asIs);
  await eventually(batch, (object) => textAt(object, "status", "phase") === "Ready");
  await client.create(
    KINDS.BackupSession,
    NAMESPACE,
    {
      apiVersion: KINDS.BackupSession.apiVersion,
      kind: "BackupSession",
      metadata: { name: "nightly-1", namespace: NAMESPACE },
      spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "nightly" } },
    },
    asIs,
  );
  const read = (): Promise<BackupSession> =>
    client.get(KINDS.BackupSession, NAMESPACE, "nightly-1", parseBackupSession);
  const { status } = await eventually(read, (session) => isFinalSessionPhase(session.status?.phase), TIMEOUT_MS);
  expect(status?.targets, JSON.stringify(status, null, 1)).toMatchObject([
    { phase: "Succeeded" },
    { phase: "Succeeded" },
  ]);
  expect(status?.targets?.[0]?.stats?.[0]?.snapshots?.[0]?.fileStats?.totalFiles).toBe(1);
});

/** A drill of the batch, ended. */
async function drill(name: string): Promise<NonNullable<BackupVerificationSession["status"]>> {
  const { client } = cluster();
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const body = { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { verifier: "nightly" } };
  await client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
  const read = () => client.get(KINDS.BackupVerificationSession, NAMESPACE, name, parseBackupVerificationSession);
  const isEnded = (found: BackupVerificationSession) => found.status?.completionTime !== undefined;
  const { status = {} } = await eventually(read, isEnded, TIMEOUT_MS);
  return status;
}

test("a drill fits into it, with a quota too, and reaches no more than it must; without room it is skipped", async () => {
  const { client } = cluster();
  const quota = { "requests.cpu": "2", "requests.memory": "2Gi", "limits.cpu": "8", "limits.memory": "8Gi" };
  await applyManifests(
    client,
    parseManifests(`
apiVersion: v1
kind: ResourceQuota
metadata: { name: all, namespace: ${NAMESPACE} }
spec: { hard: ${JSON.stringify(quota)} }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: nightly }
  storage: { storageClassName: standard }
  type: Script
  script: { image: "app:1", command: [sh, -c, "id -u && cat /drill/app/file"] }
`),
  );
  const policies: unknown[] = [];
  const watch = new AbortController();
  const seen = (async () => {
    for (; !watch.signal.aborted && policies.length < 2; ) {
      const { items } = await client.list(KUBERNETES.NetworkPolicy, NAMESPACE, asIs);
      if (items.length === 2) policies.push(...items);
    }
  })();
  const proven = await drill("fits");
  watch.abort();
  await seen;
  expect([proven.phase, proven.script], JSON.stringify(proven)).toEqual([
    "Succeeded",
    {
      exitCode: 0,
      output: "65534\nkept",
      image: "app:1",
      imageId: expect.stringContaining("sha256:"),
      command: JSON.stringify(["sh", "-c", "id -u && cat /drill/app/file"]),
    },
  ]);
  const left = await client.list(KUBERNETES.NetworkPolicy, NAMESPACE, asIs);
  expect([policies.length, left.items.length]).toEqual([2, 0]);
  // The store is an address, and its port alone is open.
  expect(policies.flatMap((policy) => listAt(policy, "spec", "egress"))).toContainEqual({
    ports: [{ protocol: "TCP", port: store.port }],
    to: [{ ipBlock: { cidr: `${store.host}/32` } }],
  });

  const full = { kind: "merge", body: { spec: { hard: { ...quota, "limits.memory": "2Gi" } } } } as const;
  await client.patch(KUBERNETES.ResourceQuota, NAMESPACE, "all", full, asIs);
  const skipped = await drill("has-no-room");
  expect([skipped.phase, skipped.reason], JSON.stringify(skipped)).toEqual(["Skipped", "DRILL_NO_ROOM"]);
  expect(skipped.message).toContain("exceeded quota: all, requested: limits.memory=");
  expect(skipped.volumes).toBeUndefined();
});
