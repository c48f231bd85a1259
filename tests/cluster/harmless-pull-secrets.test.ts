/** The installation's pull secrets: beside the pods that need them, in their templates, and gone with the last of them. */
import { expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs } from "../../shared/kube/client.ts";
import { listAt, textAt, valueAt } from "../../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "harmless-pull";
const TIMEOUT_MS = 60_000;

const cluster = useProduct({
  webhookFlags: ["--pull-secrets=registry,missing"],
  reconcilerFlags: ["--pull-secrets=registry,missing"],
});

const MANIFESTS = `
apiVersion: v1
kind: Secret
metadata: { name: registry, namespace: stash-batch }
type: kubernetes.io/dockerconfigjson
stringData: { .dockerconfigjson: '{"auths":{"registry.test":{"auth":"YTpi"}}}' }
---
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
spec: { backend: { storageSecretName: backend, rest: { url: "http://127.0.0.1:1/" } } }
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
      imagePullSecrets: [{ name: mine }]
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && sleep infinity"]
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: app }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
`;

test("D9: come with the sidecar, with the type that the kubelet wants, and go with it", async () => {
  const { client } = cluster();
  const copies = async () => {
    const { items } = await client.list(KUBERNETES.Secret, NAMESPACE, asIs);
    return items.filter((secret) => textAt(secret, "metadata", "name")?.startsWith("stash-pull-"));
  };
  const references = async () => {
    const workload = await client.get(KUBERNETES.Deployment, NAMESPACE, "app", asIs);
    return listAt(workload, "spec", "template", "spec", "imagePullSecrets").map((one) => textAt(one, "name"));
  };
  await applyManifests(client, parseManifests(MANIFESTS));
  await waitForContainer(client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  await expect.poll(async () => (await copies()).length, { timeout: TIMEOUT_MS }).toBe(1);
  const [copy] = await copies();
  expect(textAt(copy, "type")).toBe("kubernetes.io/dockerconfigjson");
  expect(Object.keys(Object(valueAt(copy, "data")))).toEqual([".dockerconfigjson"]);
  const names = await references();
  expect(names).toHaveLength(3);
  expect(names.slice(0, 2)).toEqual(["mine", textAt(copy, "metadata", "name")]);

  await client.delete(KINDS.BackupConfiguration, NAMESPACE, "app");
  await expect.poll(references, { timeout: TIMEOUT_MS }).toEqual(["mine"]);
  await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
  await expect.poll(copies, { timeout: TIMEOUT_MS }).toEqual([]);
});
