/** What somebody changes by hand in an injected sidecar is put back, with the webhook there and after it was away. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { asIs } from "../../shared/kube/client.ts";
import { listAt, valueAt } from "../../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "harmless-drift";
const TIMEOUT_MS = 90_000;

const cluster = useProduct();

/** Settings that API servers store in words of their own. */
const MANIFESTS = `
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
    local: { mountPath: /safe/data, hostPath: { path: /tmp } }
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
  tempDir: { sizeLimit: 1024Mi }
  runtimeSettings:
    container:
      resources: { limits: { cpu: 1000m, memory: 1024Mi } }
      securityContext: { runAsUser: 65534, capabilities: { add: [], drop: [ALL] }, privileged: false }
      livenessProbe: { exec: { command: ["true"] }, periodSeconds: 30 }
      env: [{ name: EMPTY, value: "" }]
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: app }
    volumeMounts: [{ name: data, mountPath: /data, readOnly: false, subPath: "" }]
    paths: [/data]
`;

const template = async () => {
  const workload = await cluster().client.get(KUBERNETES.Deployment, NAMESPACE, "app", asIs);
  return valueAt(workload, "spec", "template");
};

async function sidecar(): Promise<JsonObject> {
  const [found] = objectsAt(await template(), "spec", "containers").filter(({ name }) => name === "stash");
  if (found === undefined) throw new Error("no sidecar");
  return found;
}

/** Changes the sidecar as `kubectl edit` does. */
async function tamper(change: JsonObject): Promise<void> {
  const containers = objectsAt(await template(), "spec", "containers");
  const operations = [
    {
      op: "replace",
      path: "/spec/template/spec/containers",
      value: containers.map((one) => (one["name"] === "stash" ? { ...one, ...change } : one)),
    },
  ] as const;
  await cluster().client.patch(KUBERNETES.Deployment, NAMESPACE, "app", { kind: "json", operations }, asIs);
}

async function condition() {
  const invoker = await cluster().client.find(KINDS.BackupConfiguration, NAMESPACE, "app", parseBackupConfiguration);
  return invoker?.status?.conditions?.find(({ type }) => type === "StashSidecarInjected");
}

const untilInjected = () =>
  expect.poll(async () => (await condition())?.reason, { timeout: TIMEOUT_MS }).toBe("SidecarInjectionSucceeded");

test("S14: a sidecar as the API server stores it is no drift: it is injected once", async () => {
  await applyManifests(cluster().client, parseManifests(MANIFESTS));
  await waitForContainer(cluster().client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  await untilInjected();
  const generation = async () =>
    valueAt(await cluster().client.get(KUBERNETES.Deployment, NAMESPACE, "app", asIs), "metadata", "generation");
  const before = await generation();
  await cluster().client.patch(
    KUBERNETES.Deployment,
    NAMESPACE,
    "app",
    { kind: "merge", body: { metadata: { labels: { touched: "yes" } } } },
    asIs,
  );
  await sleep(5_000);
  expect(await generation()).toBe(before);
  expect(await cluster().product.log("reconciler")).not.toContain("workload re-submitted in vain");
});

test("S14: what is changed by hand is put back in the same request", async () => {
  const before = await sidecar();
  for (const change of [
    { securityContext: { privileged: true, runAsUser: 0 } },
    { volumeMounts: listAt(before, "volumeMounts").slice(0, 1) },
    { command: ["sh", "-c", "sleep infinity"] },
    { image: "app:1" },
  ]) {
    await tamper(change);
    expect(await sidecar()).toEqual(before);
  }
});

test("S14: what was changed while the webhook was away is seen, and put back when it is there again", async () => {
  const before = await sidecar();
  await cluster().product.kill("webhook");
  // Nothing asks for this workload by label, so it is let through.
  await tamper({ securityContext: { privileged: true, runAsUser: 0 } });
  expect(await sidecar()).not.toEqual(before);
  await expect.poll(async () => (await condition())?.status, { timeout: TIMEOUT_MS }).toBe("False");
  await cluster().product.start("webhook");
  await expect.poll(() => sidecar(), { timeout: TIMEOUT_MS }).toEqual(before);
  await waitForContainer(cluster().client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  await untilInjected();
});
