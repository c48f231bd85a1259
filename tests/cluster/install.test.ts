/** install.yaml on a real control plane: the product's own pods, from the image's files, with their own rights and no more. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { objectsAt } from "../../shared/injection/workload.ts";
import { asIs } from "../../shared/kube/client.ts";
import { textAt } from "../../shared/kube/json-value.ts";
import { describeTree } from "../support/files/tree.ts";
import { applyInstallation, type InstalledProduct, startEmptyCluster } from "../support/install/installed-product.ts";
import { listPods, waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand, waitForValue } from "../support/restore/restore-stand.ts";

const OWN = "stash-batch";
const NAMESPACE = "shop";
const TIMEOUT_MS = 90_000;
const START_MS = 300_000;
const PRODUCT_ACCOUNTS = /^system:serviceaccount:stash-batch:/;
const APPLICATION_ACCOUNTS = /^system:serviceaccount:shop:/;

const DB = { kind: "StatefulSet", name: "db" } as const;
const WEB = { kind: "Deployment", name: "web" } as const;
const MEMBERS = [DB, WEB];
const POLICY = (version: string) => ({ group: "policy", version, plural: "poddisruptionbudgets", namespaced: true });

let cluster: InstalledProduct;
let stand: RestoreStand;

beforeAll(async () => {
  cluster = await startEmptyCluster({ nodes: ["install-a", "install-b"], images: { "app:1": {} } });
  await applyInstallation(cluster.client);
}, START_MS);

afterAll(async () => {
  await cluster?.stop();
}, START_MS);

function componentPods(component: string) {
  return waitForReadyPods(cluster.client, OWN, `app.kubernetes.io/component=${component}`, 2, TIMEOUT_MS);
}

test("install.yaml alone gives two ready replicas of each program, on different nodes", async () => {
  for (const component of ["webhook", "reconciler"]) {
    const pods = await componentPods(component);
    expect(pods).toHaveLength(2);
  }
  const { items } = await cluster.client.list(KUBERNETES.Pod, OWN, (pod) => ({
    component: textAt(pod, "metadata", "labels", "app.kubernetes.io/component"),
    node: textAt(pod, "spec", "nodeName"),
  }));
  for (const component of ["webhook", "reconciler"]) {
    const nodes = items.filter((pod) => pod.component === component).map(({ node }) => node);
    expect(new Set(nodes), component).toEqual(new Set(["install-a", "install-b"]));
  }
});

test("the leading reconciler brings the catalogue and the disruption budgets, whose version is the server's", async () => {
  const { client } = cluster;
  const names = async (plural: string) => {
    const resource = { group: "stash.appscode.com", version: "v1beta1", plural, namespaced: false };
    return (await client.list(resource, undefined, (object) => textAt(object, "metadata", "name"))).items;
  };
  await waitForValue(
    () => names("tasks"),
    (found) => found.includes("pvc-restore"),
    "the catalogue",
    TIMEOUT_MS,
  );
  expect(await names("functions")).toContain("update-status");
  const budgets = async () =>
    (await client.list(POLICY("v1beta1"), OWN, (object) => textAt(object, "metadata", "name"))).items;
  await waitForValue(budgets, ({ length }) => length === 2, "the budgets", TIMEOUT_MS);
});

test("applying install.yaml a second time changes nothing", async () => {
  const { client } = cluster;
  const bundles = async () =>
    (await client.get(KUBERNETES.ValidatingWebhookConfiguration, undefined, OWN, asIs)) as unknown;
  await waitForValue(bundles, (found) => JSON.stringify(found).includes("caBundle"), "the CA bundle", TIMEOUT_MS);
  // Until its rollout has ended, the Deployment controller writes too.
  const rollouts = async () => {
    const { items } = await client.list(KUBERNETES.Deployment, OWN, asIs);
    return items.flatMap((deployment) => objectsAt(deployment, "status", "conditions").map(({ reason }) => reason));
  };
  const hasEnded = (reasons: readonly unknown[]) =>
    reasons.filter((reason) => reason === "NewReplicaSetAvailable").length === 2;
  await waitForValue(rollouts, hasEnded, "the end of both rollouts", TIMEOUT_MS);
  const once = await applyInstallation(client);
  const twice = await applyInstallation(client);
  expect(once.size).toBeGreaterThan(30);
  expect(twice).toEqual(once);
});

test("a batch of a StatefulSet and a Deployment is backed up and comes back", async () => {
  const { client } = cluster;
  stand = await openRestoreStand(cluster, NAMESPACE);
  const shared = await stand.makeFolder("shared");
  await stand.apply(batchManifest(NAMESPACE, MEMBERS, { executionOrder: "Sequential" }));
  const { namespace, marks } = stand;
  await stand.apply(
    partManifest({ ...DB, namespace, marks, data: "", replicas: 2 }),
    partManifest({ ...WEB, namespace, marks, data: shared }),
  );
  await waitForContainer(client, NAMESPACE, "app=db", "stash", 2, TIMEOUT_MS);
  await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  const folders = [await stand.folderOfClaim("files-db-0"), await stand.folderOfClaim("files-db-1"), shared];
  for (const folder of folders) {
    await mkdir(join(folder, "below"), { recursive: true });
    await writeFile(join(folder, "below", "random"), Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));
  }
  const before = await Promise.all(folders.map((folder) => describeTree(folder)));
  const session = await stand.backUp("nightly-1");
  expect(session.status, JSON.stringify(session.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  for (const folder of folders) await emptyFolder(folder);
  await stand.clearMarks();
  await stand.apply(
    restoreManifest(
      NAMESPACE,
      "back",
      MEMBERS.map((member) => restoreMember(member)),
    ),
  );
  const restore = await stand.waitForEnd("back", TIMEOUT_MS);
  expect(restore.status, JSON.stringify(restore.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  await waitForReadyPods(client, NAMESPACE, "app=db", 2, TIMEOUT_MS);
  expect(await Promise.all(folders.map((folder) => describeTree(folder)))).toEqual(before);
});

test("nothing that the product or the agents asked for was refused", async () => {
  const { audit } = cluster;
  expect(await audit.count(PRODUCT_ACCOUNTS)).toBeGreaterThan(50);
  expect(await audit.count(APPLICATION_ACCOUNTS)).toBeGreaterThan(5);
  expect(await audit.refused(PRODUCT_ACCOUNTS)).toEqual([]);
  expect(await audit.refused(APPLICATION_ACCOUNTS)).toEqual([]);
  const restarts = (await listPods(cluster.client, OWN, "")).flatMap(({ troubles }) => troubles);
  expect(restarts).toEqual([]);
});
