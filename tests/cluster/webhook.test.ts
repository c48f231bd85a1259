import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { objectsAt, textMapAt } from "../../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { findConnection } from "../../shared/kube/connect.ts";
import { createKubeClient } from "../../shared/kube/http-client.ts";
import type { KeyAndCertificate } from "../support/control-plane/certificates.ts";
import { applyManifests, type Manifest, parseManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { registerWebhook, startTestWebhook, TEST_IMAGE, type TestWebhook } from "../support/webhook/running-webhook.ts";

const NAMESPACE = "webhook-test";
let client: KubeClient;
let ca: KeyAndCertificate;
let webhook: TestWebhook;
let unregister: () => Promise<void>;

const WORLD = `
apiVersion: v1
kind: Namespace
metadata: {name: ${NAMESPACE}}
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: repo, namespace: ${NAMESPACE}}
spec:
  backend:
    storageSecretName: backend
    s3: {endpoint: s3.test, bucket: b}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: {name: web-backup, namespace: ${NAMESPACE}}
spec:
  schedule: "0 3 * * *"
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: web}
    paths: [/data]
    volumeMounts: [{name: data, mountPath: /data, readOnly: true}]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: nightly, namespace: ${NAMESPACE}}
spec:
  schedule: "0 3 * * *"
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
`;

function aWorkload(kind: "Deployment" | "StatefulSet" | "DaemonSet", name: string, metadata: object = {}): Manifest {
  const replicas = kind === "DaemonSet" ? {} : { replicas: 0 };
  const serviceName = kind === "StatefulSet" ? { serviceName: name } : {};
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: {
      ...replicas,
      ...serviceName,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          nodeSelector: { nowhere: "true" },
          containers: [{ name: "app", image: "nginx:1.25", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", emptyDir: {} }],
        },
      },
    },
  };
}

const resource = (kind: string) =>
  kind === "Deployment"
    ? KUBERNETES.Deployment
    : kind === "StatefulSet"
      ? KUBERNETES.StatefulSet
      : KUBERNETES.DaemonSet;
const create = (workload: Manifest) => client.create(resource(workload.kind), NAMESPACE, workload, asIs);
const containersOf = (workload: unknown) => objectsAt(workload, "spec", "template", "spec", "containers");
const namesIn = (workload: unknown) => containersOf(workload).map(({ name }) => name);

beforeAll(async () => {
  const { kubeletCa } = inject("controlPlane");
  const connection = await findConnection({ env: {}, kubeconfigPath: inject("kubeconfig") });
  client = createKubeClient({ connection, program: "tests" });
  ca = { certPem: await readFile(kubeletCa.certPath, "utf8"), keyPem: await readFile(kubeletCa.keyPath, "utf8") };
  await applyManifests(client, parseManifests(WORLD));
  webhook = await startTestWebhook({ kubeconfigPath: inject("kubeconfig"), ca });
  unregister = await registerWebhook(client, webhook.url, ca.certPem);
  // The API server reads its webhook configurations about once a second.
  await sleep(1_500);
});

afterAll(async () => {
  await unregister?.();
  await webhook?.stop();
  await client?.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  client?.close();
});

describe("ways in", () => {
  test("a workload that a BackupConfiguration names is stored with the sidecar", async () => {
    const created = await create(aWorkload("Deployment", "web"));
    expect(namesIn(created)).toEqual(["app", "stash"]);
    const sidecar = containersOf(created)[1];
    expect(sidecar).toMatchObject({
      image: TEST_IMAGE,
      volumeMounts: expect.arrayContaining([{ name: "data", mountPath: "/data", readOnly: true }]),
    });
  });

  test.each(["Deployment", "StatefulSet", "DaemonSet"] as const)("a %s joins a batch by label", async (kind) => {
    const labels = { "stash.appscode.com/backup-batch": "nightly" };
    const annotations = { "stash.appscode.com/volume-mounts": "data:/data" };
    const created = await create(aWorkload(kind, `joined-${kind.toLowerCase()}`, { labels, annotations }));
    expect(namesIn(created)).toEqual(["app", "stash"]);
  });

  test("a workload that nothing names is stored as it was sent", async () => {
    const created = await create(aWorkload("Deployment", "other"));
    expect(namesIn(created)).toEqual(["app"]);
    expect(textMapAt(created, "spec", "template", "metadata")).toEqual({});
  });
});
