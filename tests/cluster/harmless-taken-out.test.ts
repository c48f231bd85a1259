/** A sidecar that keeps pods from being made or ready is taken out again, and says why. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs } from "../../shared/kube/client.ts";
import { textAt } from "../../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { listPods, waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "harmless-out";
const FULL = "harmless-out-full";
const TIMEOUT_MS = 120_000;
/** No registry has it. */
const IMAGE = "127.0.0.1:1/stash-batch:none";

const cluster = useProduct({
  webhookFlags: [`--image=${IMAGE}`],
  reconcilerFlags: [`--image=${IMAGE}`, "--pods-not-made-limit=3s", "--pods-not-ready-limit=5s"],
});

type Kind = "Deployment" | "StatefulSet" | "DaemonSet";

const workload = (kind: Kind, namespace: string, name: string, spec: string) => `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name} } }
${spec}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && sleep infinity"]
          resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { cpu: 500m, memory: 128Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---`;

const repository = (namespace: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${namespace} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${namespace} }
spec: { backend: { storageSecretName: backend, rest: { url: "http://127.0.0.1:1/" } } }
---`;

const backup = (kind: Kind, namespace: string, name: string) => `
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: ${kind}, name: ${name} }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
---`;

async function apply(...texts: readonly string[]): Promise<void> {
  await applyManifests(cluster().client, parseManifests(texts.join("\n")));
}

async function condition(namespace: string, name: string) {
  const invoker = await cluster().client.find(KINDS.BackupConfiguration, namespace, name, parseBackupConfiguration);
  return invoker?.status?.conditions?.find(({ type }) => type === "StashSidecarInjected");
}

async function untilReason(namespace: string, name: string, reason: string) {
  await expect.poll(async () => (await condition(namespace, name))?.reason, { timeout: TIMEOUT_MS }).toBe(reason);
  return (await condition(namespace, name))?.message ?? "";
}

/** Waits until all pods are ready and the application is alone in them. */
async function untilAlone(namespace: string, name: string, count: number): Promise<void> {
  const at = { namespace, selector: `app=${name}`, timeoutMs: TIMEOUT_MS, what: "waited for pods without sidecar" };
  await waitForPods(cluster().client, at, (pods) => {
    const isAlone = pods.every(({ isReady, containers }) => isReady && !containers.includes("stash"));
    return pods.length === count && isAlone && pods.every(({ isBeingDeleted }) => !isBeingDeleted);
  });
}

async function untilTroubled(namespace: string, name: string): Promise<void> {
  const at = { namespace, selector: `app=${name}`, timeoutMs: TIMEOUT_MS, what: "waited for a sidecar" };
  await waitForPods(cluster().client, at, (pods) => pods.some(({ containers }) => containers.includes("stash")));
}

describe("D9: an image that no node can pull", () => {
  test("a Deployment is ready again without the sidecar, and stays so until it is changed", async () => {
    await apply(repository(NAMESPACE), workload("Deployment", NAMESPACE, "web", "  strategy: { type: Recreate }"));
    const { client } = cluster();
    await waitForReadyPods(client, NAMESPACE, "app=web", 1, TIMEOUT_MS);
    await apply(backup("Deployment", NAMESPACE, "web"));
    await untilTroubled(NAMESPACE, "web");
    // The trouble is told as soon as the kubelet tells it, and from then on nothing is called good.
    const told: string[] = [];
    await expect
      .poll(
        async () => {
          const now = await condition(NAMESPACE, "web");
          told.push(`${now?.status} ${now?.message}`);
          return now?.reason;
        },
        { timeout: TIMEOUT_MS, interval: 50 },
      )
      .toBe("InjectionRefusedByCluster");
    const first = told.findIndex((words) => words.includes("container stash:"));
    expect(told[first]).toMatch(/^False .*container stash: (ImagePullBackOff|ErrImagePull)/);
    expect(told.slice(first).filter((words) => words.startsWith("True"))).toEqual([]);
    const message = await untilReason(NAMESPACE, "web", "InjectionRefusedByCluster");
    expect(message).toMatch(/container stash: (ImagePullBackOff|ErrImagePull)/);
    await untilAlone(NAMESPACE, "web", 1);
    const { items } = await client.list(KUBERNETES.Event, NAMESPACE, (event) => textAt(event, "reason"));
    await expect.poll(() => items, { timeout: 10_000 }).toContain("InjectionRefusedByCluster");

    // A label of it, its size, or a new leader change nothing.
    const [before] = await listPods(client, NAMESPACE, "app=web");
    const patch = (body: object) =>
      client.patch(KUBERNETES.Deployment, NAMESPACE, "web", { kind: "merge", body }, asIs);
    await patch({ metadata: { labels: { touched: "yes" } } });
    await cluster().product.kill("reconciler");
    await cluster().product.start("reconciler");
    await sleep(8_000);
    const [after] = await listPods(client, NAMESPACE, "app=web");
    expect(after?.uid).toBe(before?.uid);
    expect((await condition(NAMESPACE, "web"))?.message).toBe(message);

    // A rollout of its owner's does: the sidecar is tried, and goes again.
    await patch({ spec: { template: { metadata: { annotations: { restarted: "1" } } } } });
    await untilTroubled(NAMESPACE, "web");
    await untilAlone(NAMESPACE, "web", 1);
    await untilReason(NAMESPACE, "web", "InjectionRefusedByCluster");
  });

  test("a StatefulSet and a DaemonSet too: no pod of a former template is left behind", async () => {
    const { client } = cluster();
    await apply(
      workload("StatefulSet", NAMESPACE, "set", "  replicas: 2\n  serviceName: set"),
      workload("DaemonSet", NAMESPACE, "node", ""),
    );
    await waitForReadyPods(client, NAMESPACE, "app=set", 2, TIMEOUT_MS);
    const nodes = cluster().nodes.length;
    await waitForReadyPods(client, NAMESPACE, "app=node", nodes, TIMEOUT_MS);
    await apply(backup("StatefulSet", NAMESPACE, "set"), backup("DaemonSet", NAMESPACE, "node"));
    for (const name of ["set", "node"]) await untilTroubled(NAMESPACE, name);
    for (const name of ["set", "node"]) await untilReason(NAMESPACE, name, "InjectionRefusedByCluster");
    await untilAlone(NAMESPACE, "set", 2);
    await untilAlone(NAMESPACE, "node", nodes);
  });
});

describe("C1, C08: a workload that is made after its invoker, in a namespace without room for the sidecar", () => {
  const quota = (memory: string) => `
apiVersion: v1
kind: ResourceQuota
metadata: { name: team, namespace: ${FULL} }
spec: { hard: { requests.memory: ${memory} } }
---`;

  test.each([
    ["Deployment", "web", ""],
    ["StatefulSet", "set", "  serviceName: set"],
  ] as const)("a %s starts without it, and the condition has the quota's words", async (kind, name, spec) => {
    await apply(repository(FULL), quota("100Mi"), backup(kind, FULL, name));
    const known = async () => {
      const found = await cluster().client.find(KINDS.BackupConfiguration, FULL, name, parseBackupConfiguration);
      return found?.status?.phase;
    };
    await expect.poll(known, { timeout: TIMEOUT_MS }).toBe("Ready");
    await apply(workload(kind, FULL, name, spec));
    const message = await untilReason(FULL, name, "InjectionRefusedByCluster");
    expect(message).toContain("exceeded quota: team");
    await untilAlone(FULL, name, 1);
    for (const what of [kind, "BackupConfiguration"] as const) {
      const resource = what === "BackupConfiguration" ? KINDS.BackupConfiguration : KUBERNETES[what];
      await cluster().client.delete(resource, FULL, name);
    }
    await expect.poll(() => listPods(cluster().client, FULL, `app=${name}`), { timeout: TIMEOUT_MS }).toEqual([]);
  });
});
