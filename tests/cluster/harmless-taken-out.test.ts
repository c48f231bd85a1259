/** A sidecar that keeps pods from being made or ready is taken out again, and says why. */
import { describe, expect, test } from "vitest";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { eventually, stays } from "../support/eventually.ts";
import { aBackupOf, aNamespace, anApplication, harmlessStage, type WorkloadKind } from "../support/harmless/stage.ts";
import { listPods, waitForPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { PRODUCT_IMAGE } from "../support/product/running-product.ts";

const NAMESPACE = "harmless-out";
const FULL = "harmless-out-full";
const TIMEOUT_MS = 120_000;
/** No registry has it. */
const IMAGE = "127.0.0.1:1/stash-batch:none";

const cluster = useProduct({
  webhookFlags: [`--image=${IMAGE}`],
  reconcilerFlags: [`--image=${IMAGE}`, "--pods-not-made-limit=3s", "--pods-not-ready-limit=5s"],
});

const stage = harmlessStage(cluster);
const { untilAlone, condition } = stage;

async function untilReason(namespace: string, name: string, reason: string): Promise<string> {
  return stage.untilReason(namespace, reason, name);
}

/** Its requests are what the quotas of these tests count. */
const RESOURCES = { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } };

const workload = (kind: WorkloadKind, namespace: string, name: string, spec: object) =>
  anApplication(namespace, { kind, name, spec, container: { resources: RESOURCES } });

const backup = (kind: WorkloadKind, namespace: string, name: string) => aBackupOf(namespace, { kind, name });

async function untilTroubled(namespace: string, name: string): Promise<void> {
  const at = { namespace, selector: `app=${name}`, timeoutMs: TIMEOUT_MS };
  await waitForPods(cluster().client, at, (pods) => pods.some(({ containers }) => containers.includes("stash")));
}

describe("D9: an image that no node can pull", () => {
  test("a Deployment is ready again without the sidecar, and stays so until it is changed", async () => {
    await stage.apply(
      aNamespace(NAMESPACE),
      workload("Deployment", NAMESPACE, "web", { strategy: { type: "Recreate" } }),
    );
    const { client } = cluster();
    await waitForReadyPods(client, NAMESPACE, "app=web", 1, TIMEOUT_MS);
    await stage.apply(backup("Deployment", NAMESPACE, "web"));
    await untilTroubled(NAMESPACE, "web");
    // The trouble is told as soon as the kubelet tells it, and from then on nothing is called good.
    const told: string[] = [];
    const look = async () => {
      const now = await condition(NAMESPACE, "web");
      told.push(`${now?.status} ${now?.message}`);
      return now?.reason;
    };
    await eventually(look, "InjectionRefusedByCluster", TIMEOUT_MS);
    const first = told.findIndex((words) => words.includes("container stash:"));
    expect(told[first]).toMatch(/^False .*container stash: (ImagePullBackOff|ErrImagePull)/);
    expect(told.slice(first).filter((words) => words.startsWith("True"))).toEqual([]);
    const message = await untilReason(NAMESPACE, "web", "InjectionRefusedByCluster");
    expect(message).toMatch(/container stash: (ImagePullBackOff|ErrImagePull)/);
    await untilAlone(NAMESPACE, "web", 1);
    const events = () => client.list(KUBERNETES.Event, NAMESPACE, (event) => textAt(event, "reason"));
    await eventually(events, ({ items }) => items.includes("InjectionRefusedByCluster"), 10_000);

    // A label of it, its size, or a new leader change nothing.
    const [before] = await listPods(client, NAMESPACE, "app=web");
    const patch = (body: object) =>
      client.patch(KUBERNETES.Deployment, NAMESPACE, "web", { kind: "merge", body }, asIs);
    await patch({ metadata: { labels: { touched: "yes" } } });
    await cluster().product.kill("reconciler");
    await cluster().product.start("reconciler");
    await stays(async () => (await listPods(client, NAMESPACE, "app=web"))[0]?.uid, before?.uid, 8_000);
    expect((await condition(NAMESPACE, "web"))?.message).toBe(message);

    // A rollout of its owner's does: the sidecar is tried, and goes again.
    await patch({ spec: { template: { metadata: { annotations: { restarted: "1" } } } } });
    await untilTroubled(NAMESPACE, "web");
    await untilAlone(NAMESPACE, "web", 1);
    await untilReason(NAMESPACE, "web", "InjectionRefusedByCluster");
  });

  test("a StatefulSet and a DaemonSet too: no pod of a former template is left behind", async () => {
    const { client } = cluster();
    await stage.apply(
      workload("StatefulSet", NAMESPACE, "set", { replicas: 2, serviceName: "set" }),
      workload("DaemonSet", NAMESPACE, "node", {}),
    );
    await waitForReadyPods(client, NAMESPACE, "app=set", 2, TIMEOUT_MS);
    const nodes = cluster().nodes.length;
    await waitForReadyPods(client, NAMESPACE, "app=node", nodes, TIMEOUT_MS);
    await stage.apply(backup("StatefulSet", NAMESPACE, "set"), backup("DaemonSet", NAMESPACE, "node"));
    for (const name of ["set", "node"]) await untilTroubled(NAMESPACE, name);
    for (const name of ["set", "node"]) await untilReason(NAMESPACE, name, "InjectionRefusedByCluster");
    await untilAlone(NAMESPACE, "set", 2);
    await untilAlone(NAMESPACE, "node", nodes);
  });
});

test("D9: a backend's volume that no node can mount keeps no pod from beginning for long", async () => {
  const namespace = "harmless-out-volume";
  const { client } = cluster();
  const hostPath = { path: "/nowhere/at/all", type: "Directory" };
  const backend = { local: { mountPath: "/safe/repository", hostPath } };
  await stage.apply(
    aNamespace(namespace, { backend }),
    workload("Deployment", namespace, "web", { strategy: { type: "Recreate" } }),
    workload("StatefulSet", namespace, "set", { serviceName: "set" }),
  );
  for (const name of ["web", "set"]) await waitForReadyPods(client, namespace, `app=${name}`, 1, TIMEOUT_MS);
  await stage.apply(backup("Deployment", namespace, "web"), backup("StatefulSet", namespace, "set"));
  for (const name of ["web", "set"]) {
    expect(await untilReason(namespace, name, "InjectionRefusedByCluster")).toMatch(/"stash-local-[0-9a-z]{10}"/);
    await untilAlone(namespace, name, 1);
  }
});

describe("C1: where no node has room for the application's pod with the sidecar", () => {
  const namespace = "harmless-out-room";
  const SLOT = "example.com/slot";
  const resources = { requests: { ...RESOURCES.requests, [SLOT]: "1" }, limits: { ...RESOURCES.limits, [SLOT]: "1" } };
  const whole = (kind: WorkloadKind, name: string, spec: object) =>
    anApplication(namespace, { kind, name, spec, container: { resources } });

  test.each([
    ["StatefulSet", "set", { serviceName: "set" }],
    ["Deployment", "web", { strategy: { type: "Recreate" } }],
  ] as const)("a %s runs without it, with the scheduler's words", async (kind, name, spec) => {
    const { client, nodes } = cluster();
    for (const node of nodes) {
      const patch = {
        kind: "merge",
        body: { status: { capacity: { [SLOT]: "1" }, allocatable: { [SLOT]: "1" } } },
      } as const;
      await client.patchStatus(KUBERNETES.Node, undefined, node.name, patch, asIs);
    }
    await stage.apply(aNamespace(namespace), whole(kind, name, spec));
    await waitForReadyPods(client, namespace, `app=${name}`, 1, TIMEOUT_MS);
    const runtimeSettings = { container: { resources: { requests: { [SLOT]: "1" }, limits: { [SLOT]: "1" } } } };
    await stage.apply(aBackupOf(namespace, { kind, name, spec: { runtimeSettings } }));
    await untilTroubled(namespace, name);
    expect(await untilReason(namespace, name, "InjectionRefusedByCluster")).toContain(`Insufficient ${SLOT}`);
    await untilAlone(namespace, name, 1);
    await client.delete(KUBERNETES[kind], namespace, name);
    await eventually(() => listPods(client, namespace, `app=${name}`), [], TIMEOUT_MS);
  });
});

test("a namespace that pins another image goes on with it, whatever the installation has", async () => {
  const pinned = "harmless-pinned";
  const metadata = { annotations: { "stash.appscode.com/image": PRODUCT_IMAGE } };
  await stage.apply(aNamespace(pinned, { metadata }), anApplication(pinned), aBackupOf(pinned));
  const pod = await stage.untilInjected(pinned);
  expect((await stage.sidecarOf(pinned, pod?.name ?? ""))?.["image"]).toBe(PRODUCT_IMAGE);
});

describe("C1, C08: a workload that is made after its invoker, in a namespace without room for the sidecar", () => {
  const quota = {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "team", namespace: FULL },
    spec: { hard: { "requests.memory": "100Mi" } },
  };

  test.each([
    ["Deployment", "web", {}],
    ["StatefulSet", "set", { serviceName: "set" }],
  ] as const)("a %s starts without it, and the condition has the quota's words", async (kind, name, spec) => {
    await stage.apply(aNamespace(FULL), quota, backup(kind, FULL, name));
    const known = async () => {
      const found = await cluster().client.find(KINDS.BackupConfiguration, FULL, name, parseBackupConfiguration);
      return found?.status?.phase;
    };
    await eventually(known, "Ready", TIMEOUT_MS);
    await stage.apply(workload(kind, FULL, name, spec));
    const message = await untilReason(FULL, name, "InjectionRefusedByCluster");
    expect(message).toContain("exceeded quota: team");
    await untilAlone(FULL, name, 1);
    for (const what of [kind, "BackupConfiguration"] as const) {
      const resource = what === "BackupConfiguration" ? KINDS.BackupConfiguration : KUBERNETES[what];
      await cluster().client.delete(resource, FULL, name);
    }
    await eventually(() => listPods(cluster().client, FULL, `app=${name}`), [], TIMEOUT_MS);
  });
});
