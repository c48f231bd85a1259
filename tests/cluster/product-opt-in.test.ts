import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { listAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";

const NAMESPACE = "opt-in-test";
const TIMEOUT_MS = 60_000;

const cluster = useProduct();

const BATCH = `
apiVersion: v1
kind: Namespace
metadata: {name: ${NAMESPACE}}
---
apiVersion: v1
kind: Secret
metadata: {name: backend, namespace: ${NAMESPACE}}
stringData: {RESTIC_PASSWORD: test}
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: repo, namespace: ${NAMESPACE}}
spec:
  backend:
    storageSecretName: backend
    local: {mountPath: /safe/repository, hostPath: {path: REPOSITORY, type: Directory}}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: labelled, namespace: ${NAMESPACE}}
spec:
  repository: {name: repo}
  schedule: "0 3 1 1 *"
  retentionPolicy: {name: keep, keepLast: 3, prune: true}
`;

const APP = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: ${NAMESPACE}
  labels: {stash.appscode.com/backup-batch: labelled}
  annotations:
    stash.appscode.com/volume-mounts: "files:/data"
    stash.appscode.com/exclude: "*.tmp"
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: app:1
          command: [sh, -c, "echo kept > /data/kept; echo gone > /data/left-out.tmp; trap 'exit 0' TERM; while :; do sleep infinity & wait $!; done"]
          volumeMounts: [{name: files, mountPath: /data}]
      volumes: [{name: files, emptyDir: {}}]
`;

async function runSession(name: string): Promise<BackupSession> {
  const { client } = cluster();
  const invoker = { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "labelled" };
  const body = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: NAMESPACE },
    spec: { invoker },
  };
  await client.create(KINDS.BackupSession, NAMESPACE, body, asIs);
  const read = () => client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
  return eventually(read, ({ status }) => isFinalSessionPhase(status?.phase), TIMEOUT_MS);
}

test("a workload that carries the batch's label starts with the sidecar and is backed up as its annotations say", async () => {
  const { client, dir } = cluster();
  const repository = join(dir, "repository");
  await mkdir(repository);
  await chmod(repository, 0o777);
  const restic = bareRestic(repository, "test");
  await applyManifests(client, parseManifests(BATCH.replace("REPOSITORY", repository)));
  // As a person would: the workload comes when the batch is known. Within milliseconds of it the sidecar comes a little later.
  const read = () => client.get(KINDS.BackupBatch, NAMESPACE, "labelled", asIs);
  await eventually(read, (batch) => listAt(batch, "status", "conditions").length > 0, TIMEOUT_MS);
  await applyManifests(client, parseManifests(APP));
  // The first pod has it: no other generation of the pod template was ever made.
  const [pod] = await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  expect(pod?.containers).toEqual(["web", "stash"]);
  const replicaSets = await client.list(
    { group: "apps", version: "v1", plural: "replicasets", namespaced: true },
    NAMESPACE,
    asIs,
  );
  expect(replicaSets.items).toHaveLength(1);

  const session = await runSession("labelled-1");
  expect(session.status, JSON.stringify(session.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  const [target] = session.status?.targets ?? [];
  expect(target).toMatchObject({ alias: "web", phase: "Succeeded", totalHosts: 1 });
  const [snapshot] = target?.stats?.[0]?.snapshots ?? [];
  expect(snapshot).toMatchObject({ path: "/data" });
  const files = restic.run("ls", snapshot?.name ?? "").split("\n");
  expect(files).toContain("/data/kept");
  expect(files).not.toContain("/data/left-out.tmp");
  expect(restic.run("snapshots", "--tag", `session=${NAMESPACE}/labelled-1`)).toContain("1 snapshots");
});

test("a workload that loses the label loses the sidecar, and the batch runs without it", async () => {
  const { client } = cluster();
  const body = { metadata: { labels: { "stash.appscode.com/backup-batch": null } } };
  const web = { group: "apps", version: "v1", plural: "deployments", namespaced: true };
  await client.patch(web, NAMESPACE, "web", { kind: "merge", body }, asIs);
  await expect
    .poll(async () => (await waitForReadyPods(client, NAMESPACE, "app=web", 1, TIMEOUT_MS))[0]?.containers, {
      timeout: TIMEOUT_MS,
    })
    .toEqual(["web"]);
  const session = await runSession("labelled-2");
  expect(session.status).toMatchObject({ phase: "Skipped" });
});
