/** Namespaces that count what containers ask for: with ours in them the application's pods still come, and can be scaled by use. */
import { expect, test } from "vitest";
import { objectsAt } from "../../shared/injection/workload.ts";
import { asIs } from "../../shared/kube/client.ts";
import { textAt, valueAt } from "../../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "quota-test";
const RANGED = "limit-range-test";
const TIMEOUT_MS = 120_000;

const cluster = useProduct();

const APPLICATION = `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: team, namespace: ${NAMESPACE} }
spec: { hard: { requests.cpu: "2", requests.memory: 2Gi, limits.cpu: "4", limits.memory: 2Gi, pods: "10" } }
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
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && sleep infinity"]
          resources: { requests: { cpu: 50m, memory: 32Mi }, limits: { cpu: 500m, memory: 128Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
`;

const BACKUP = `
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

test("C1, C2: a Deployment under a quota gets its sidecar, its pod is ready again, and each container requests CPU", async () => {
  const { client } = cluster();
  await applyManifests(client, parseManifests(APPLICATION));
  await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
  await applyManifests(client, parseManifests(BACKUP));
  const [pod] = await waitForContainer(client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  expect(pod?.runs).toContain("stash");

  const stored = await client.get(KUBERNETES.Pod, NAMESPACE, pod?.name ?? "", asIs);
  // An autoscaler by utilisation divides by these, and gives up where one is missing.
  const requests = objectsAt(stored, "spec", "containers").map((one) => textAt(one, "resources", "requests", "cpu"));
  expect(requests.sort()).toEqual(["10m", "50m"]);
  const quota = () => client.get(KUBERNETES.ResourceQuota, NAMESPACE, "team", asIs);
  const used = async () => valueAt(await quota(), "status", "used", "requests.cpu");
  await expect.poll(used, { timeout: TIMEOUT_MS }).toBe("60m");
});

test("C1: a Deployment under a LimitRange gets its sidecar, though our defaults are outside of it", async () => {
  const { client } = cluster();
  const limits = `
apiVersion: v1
kind: Namespace
metadata: { name: ${RANGED} }
---
apiVersion: v1
kind: LimitRange
metadata: { name: team, namespace: ${RANGED} }
spec: { limits: [{ type: Container, min: { cpu: 40m, memory: 80Mi }, max: { memory: 512Mi } }] }
---
`;
  await applyManifests(client, parseManifests(limits));
  const here = (text: string) => text.replaceAll(NAMESPACE, RANGED).replace("memory: 32Mi", "memory: 128Mi");
  await applyManifests(client, parseManifests(here(APPLICATION)));
  await waitForReadyPods(client, RANGED, "app=app", 1, TIMEOUT_MS);
  await applyManifests(client, parseManifests(here(BACKUP)));
  const [pod] = await waitForContainer(client, RANGED, "app=app", "stash", 1, TIMEOUT_MS);
  const stored = await client.get(KUBERNETES.Pod, RANGED, pod?.name ?? "", asIs);
  const [sidecar] = objectsAt(stored, "spec", "containers").filter(({ name }) => name === "stash");
  expect(sidecar?.["resources"]).toEqual({
    requests: { cpu: "40m", memory: "512Mi" },
    limits: { cpu: "1", memory: "512Mi" },
  });
});
