/** The overlay for one namespace: it works there with rights there, and does nothing elsewhere. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asIs } from "../../shared/kube/client/interface.ts";
import { type InstalledProduct, startEmptyCluster } from "../support/install/installed-product.ts";
import { kustomize } from "../support/install/kustomize.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { listPods, waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { batchManifest, partManifest } from "../support/restore/application.ts";
import { openRestoreStand } from "../support/restore/restore-stand.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const OWN = "stash-batch";
const NAMESPACE = "applications";
const ELSEWHERE = "elsewhere";
const TIMEOUT_MS = 90_000;
const START_MS = 300_000;
const WEB = { kind: "Deployment", name: "web" } as const;

let cluster: InstalledProduct;

beforeAll(async () => {
  cluster = await startEmptyCluster({
    nodes: ["namespaced-node"],
    images: { "app:1": {} },
    program: sharedPlane().program,
  });
  const { client, controlPlane } = cluster;
  for (const name of [NAMESPACE, ELSEWHERE]) {
    await applyManifests(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
    // Servers before 1.21 don't set this label themselves.
    const body = { metadata: { labels: { "kubernetes.io/metadata.name": name } } };
    await client.patch(KUBERNETES.Namespace, undefined, name, { kind: "merge", body }, asIs);
  }
  await applyManifests(client, kustomize(controlPlane.programsDir, "overlays/namespaced"));
  await waitForReadyPods(client, OWN, "app.kubernetes.io/name=stash-batch", 4, TIMEOUT_MS);
}, START_MS);

afterAll(() => cluster?.stop(), START_MS);

test("a batch of the namespace is backed up, and no request of the product is refused", async () => {
  const stand = await openRestoreStand(cluster, NAMESPACE);
  const data = await stand.makeFolder("data");
  await writeFile(join(data, "file"), "content");
  await stand.apply(batchManifest(NAMESPACE, [WEB]));
  await stand.apply(partManifest({ ...WEB, namespace: NAMESPACE, marks: stand.marks, data }));
  await waitForContainer(cluster.client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  const { status } = await stand.backUp("nightly-1");
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  expect(await cluster.audit.refused(/^system:serviceaccount:(stash-batch|applications):/)).toEqual([]);
});

test("a batch of another namespace is not acted on", async () => {
  const stand = await openRestoreStand(cluster, ELSEWHERE);
  const data = await stand.makeFolder("data");
  await stand.apply(batchManifest(ELSEWHERE, [WEB]));
  await stand.apply(partManifest({ ...WEB, namespace: ELSEWHERE, marks: stand.marks, data }));
  await waitForReadyPods(cluster.client, ELSEWHERE, "app=web", 1, TIMEOUT_MS);
  const [pod] = await listPods(cluster.client, ELSEWHERE, "app=web");
  expect(pod?.containers).toEqual(["app"]);
});
