/** Whatever happens between before-hook and after-hook: what was frozen is thawed, in the same pod, and once where that is known. */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Finalizer, Install, LeaseName } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { eventually, stays } from "../support/eventually.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { type InstalledCluster, startInstalledCluster } from "../support/product/installed-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "after-hooks";
const TIMEOUT_MS = 120_000;
const LEASE = { group: "coordination.k8s.io", version: "v1", plural: "leases", namespaced: true } as const;

let cluster: InstalledCluster;
let notes: string;

beforeAll(async () => {
  cluster = await startInstalledCluster({
    nodeNames: ["node-a"],
    images: { "app:1": {} },
    program: sharedPlane().program,
  });
  const { client, dir } = cluster;
  const repository = join(dir, "repository");
  const data = join(dir, "data");
  notes = join(dir, "notes");
  await Promise.all([repository, data, notes].map((folder) => mkdir(folder)));
  await chmod(notes, 0o777);
  await writeFile(join(data, "file"), "kept");
  // A backup lasts until the test lets it go on.
  const slow =
    '#!/bin/sh\ncase " $* " in *" backup "*) while [ ! -e /notes/go ]; do sleep 0.05; done;; esac\nexec restic "$@"\n';
  await writeFile(join(notes, "slow-restic"), slow, { mode: 0o755 });
  await applyManifests(
    client,
    parseManifests(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  runtimeSettings: { container: { env: [{ name: STASH_RESTIC, value: /notes/slow-restic }] } }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: web }
    volumeMounts: [{ name: data, mountPath: /data }, { name: notes, mountPath: /notes }]
    paths: [/data]
  hooks:
    preBackup: { containerName: app, timeout: 20s, exec: { command: [sh, -c, "echo freeze $HOSTNAME >> /notes/calls"] } }
    postBackup: { containerName: app, timeout: 2s, exec: { command: [sh, -c, "echo thaw $HOSTNAME >> /notes/calls"] } }
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
          volumeMounts: [{ name: data, mountPath: /data }, { name: notes, mountPath: /notes }]
      volumes:
        - { name: data, hostPath: { path: ${data}, type: Directory } }
        - { name: notes, hostPath: { path: ${notes}, type: Directory } }
`),
  );
  await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  const invoker = () => client.get(KINDS.BackupConfiguration, NAMESPACE, "nightly", asIs);
  await eventually(invoker, (object) => textAt(object, "status", "phase") === "Ready");
}, 240_000);

afterAll(() => cluster?.stop());

beforeEach(async () => {
  await Promise.all([rm(join(notes, "go"), { force: true }), writeFile(join(notes, "calls"), "")]);
  await chmod(join(notes, "calls"), 0o666);
});

async function calls(): Promise<readonly string[]> {
  return (await readFile(join(notes, "calls"), "utf8")).split("\n").filter((line) => line !== "");
}

const letGo = () => writeFile(join(notes, "go"), "");

function find(name: string): Promise<BackupSession | undefined> {
  return cluster.client.find(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
}

/** Starts a session. @returns when its before-hook has run, and restic is at work */
async function freeze(name: string): Promise<void> {
  const session = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: NAMESPACE },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "nightly" } },
  };
  await cluster.client.create(KINDS.BackupSession, NAMESPACE, session, asIs);
  const isAtWork = (object: BackupSession | undefined) => object?.status?.targets?.[0]?.stats?.[0]?.phase === "Running";
  const held = await eventually(() => find(name), isAtWork, TIMEOUT_MS);
  expect(await calls()).toHaveLength(1);
  expect(held?.metadata.finalizers).toContain(Finalizer.AfterHooks);
}

function untilFinal(name: string): Promise<BackupSession | undefined> {
  const isFinal = (object: BackupSession | undefined) => isFinalSessionPhase(object?.status?.phase);
  return eventually(() => find(name), isFinal, TIMEOUT_MS);
}

/** Frozen once and thawed in the same pod, however often. */
async function expectThawed(): Promise<void> {
  const [frozen = "", ...thawed] = await calls();
  expect(frozen).toMatch(/^freeze web-/);
  expect(thawed.length).toBeGreaterThanOrEqual(1);
  expect(new Set(thawed)).toEqual(new Set([frozen.replace("freeze", "thaw")]));
}

test("D6: the API server is stopped when the after-hook is due", async () => {
  await freeze("without-server");
  await cluster.controlPlane.killApiServer();
  await letGo();
  // Longer than the hook may take itself.
  await sleep(4_000);
  await cluster.controlPlane.startApiServer();
  expect((await untilFinal("without-server"))?.status?.phase).toBe("Succeeded");
  await expectThawed();
});

test("D6: the kubelet is stopped when the after-hook is due: it is tried for longer than its own time", async () => {
  await freeze("without-kubelet");
  const node = cluster.nodeNamed("node-a");
  await node.kill("kubelet");
  await letGo();
  const isDue = (object: BackupSession | undefined) =>
    object?.status?.targets?.[0]?.hooks?.some(({ type, phase }) => type === "postBackup" && phase === "Running");
  await eventually(
    () => find("without-kubelet"),
    (object) => isDue(object) === true,
    TIMEOUT_MS,
  );
  await stays(calls, ({ length }) => length === 1, 4_000);
  await node.start("kubelet");
  expect((await untilFinal("without-kubelet"))?.status?.phase).toBe("Succeeded");
  await expectThawed();
});

test("D6: the lease is lost in between, and won back", async () => {
  await freeze("without-lease");
  const { client } = cluster;
  const lease = await client.get(LEASE, Install.Namespace, LeaseName.Reconciler, asIs);
  const own = textAt(lease, "spec", "holderIdentity");
  const spec = {
    holderIdentity: "somebody-else",
    leaseDurationSeconds: 1,
    renewTime: new Date().toISOString().replace("Z", "000Z"),
  };
  await client.patch(LEASE, Install.Namespace, LeaseName.Reconciler, { kind: "merge", body: { spec } }, asIs);
  await letGo();
  expect((await untilFinal("without-lease"))?.status?.phase).toBe("Succeeded");
  const after = await client.get(LEASE, Install.Namespace, LeaseName.Reconciler, asIs);
  expect(textAt(after, "spec", "holderIdentity")).toBe(own);
  expect(await cluster.product.log("reconciler")).toContain("leadership ended");
  await expectThawed();
});

test("D18: the session is deleted in between: restic is ended, the after-hook runs, then the session goes", async () => {
  await freeze("cancelled");
  await cluster.client.delete(KINDS.BackupSession, NAMESPACE, "cancelled", { propagationPolicy: "Background" });
  await eventually(() => find("cancelled"), undefined, TIMEOUT_MS);
  await expectThawed();
});

test("D18: the hook is edited out of the invoker in between", async () => {
  await freeze("edited");
  const patch = { kind: "merge", body: { spec: { hooks: null } } } as const;
  await cluster.client.patch(KINDS.BackupConfiguration, NAMESPACE, "nightly", patch, asIs);
  await letGo();
  expect((await untilFinal("edited"))?.status?.phase).toBe("Succeeded");
  await expectThawed();
});
