/** Jobs in a namespace that bounds and counts what containers ask for: they come, and do their work. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import { runsIn } from "../support/jobs/runs.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "harmless-jobs";
const CATALOGUE = resolve(import.meta.dirname, "../../manifests/catalog");
const RESOURCES = { requests: { cpu: "40m", memory: "512Mi" }, limits: { cpu: "1", memory: "512Mi" } };

const cluster = useProduct({ reconcilerFlags: ["--pod-wait=30s"] });

const manifests = (repository: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: LimitRange
metadata: { name: team, namespace: ${NAMESPACE} }
spec: { limits: [{ type: Container, min: { cpu: 40m, memory: 80Mi }, max: { memory: 512Mi } }] }
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: team, namespace: ${NAMESPACE} }
spec: { hard: { requests.cpu: "2", requests.memory: 4Gi, limits.cpu: "8", limits.memory: 4Gi } }
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
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: files, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: keeper, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: keeper } }
  template:
    metadata: { labels: { app: keeper } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: keeper
          image: "tests/keeper:1"
          resources: { requests: { cpu: 50m, memory: 128Mi }, limits: { cpu: 500m, memory: 128Mi } }
          volumeMounts: [{ name: files, mountPath: /files }]
      volumes: [{ name: files, persistentVolumeClaim: { claimName: files } }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
  timeOut: 2m
  hooks: { preBackup: { exec: { command: [sh, -c, "echo quiet"] } } }
  members:
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }
`;

beforeAll(async () => {
  for (const file of ["pvc.yaml", "update-status.yaml"]) await applyFile(cluster().client, join(CATALOGUE, file));
});

test("C1: a volume's backup and a global hook succeed under a LimitRange and a quota, in jobs that fit both", async () => {
  const { client, dir } = cluster();
  const repository = join(dir, "repository");
  await mkdir(repository);
  await applyManifests(client, parseManifests(manifests(repository)));
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  const runs = runsIn(client, NAMESPACE, createPodExec({ connection }));
  await runs.run("keeper", "keeper", "echo kept >/files/file");
  await runs.untilReady("BackupBatch", "nightly");

  // A hook's job is gone when its hook has ended.
  const seen = new Map<string, readonly unknown[]>();
  const watching = (async () => {
    for (;;) {
      const { items } = await client.list(KUBERNETES.Job, NAMESPACE, asIs);
      for (const job of items) {
        const containers = objectsAt(job, "spec", "template", "spec", "containers");
        const inits = objectsAt(job, "spec", "template", "spec", "initContainers");
        seen.set(
          textAt(job, "metadata", "name") ?? "",
          [...inits, ...containers].map(({ resources }) => resources),
        );
      }
      const session = await client.find(KINDS.BackupSession, NAMESPACE, "nightly-1", asIs);
      if (["Succeeded", "Failed"].includes(textAt(session, "status", "phase") ?? "")) return;
    }
  })();
  await runs.begin("nightly");
  const status = await runs.untilEnd("nightly");
  await watching;

  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect([...seen.keys()].filter((name) => name.includes("-hook-"))).toHaveLength(1);
  expect(seen.size).toBe(2);
  for (const [, resources] of seen) {
    expect(resources.length).toBeGreaterThan(0);
    for (const one of resources) expect(one).toEqual({ requests: { cpu: "40m" }, limits: { cpu: "1" } });
  }
  // What the LimitRange filled in stands in the pods.
  const { items: pods } = await client.list(KUBERNETES.Pod, NAMESPACE, asIs, {
    labelSelector: "stash.appscode.com/job-owner",
  });
  const ofPods = pods.flatMap((pod) => objectsAt(pod, "spec", "containers").map(({ resources }) => resources));
  expect(ofPods.length).toBeGreaterThan(0);
  for (const one of ofPods) expect(one).toEqual(RESOURCES);
}, 240_000);
