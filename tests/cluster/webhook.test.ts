import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { appliedHashes } from "../../shared/injection/own-parts.ts";
import { objectsAt, textMapAt } from "../../shared/injection/workload.ts";
import { numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { connectTo, readAuthority } from "../support/webhook/cluster-client.ts";
import { aWorkload, aWorld, JOINED, resourceOfWorkload } from "../support/webhook/objects.ts";
import {
  registerWebhook,
  startTestWebhook,
  TEST_IMAGE,
  type TestWebhook,
  untilNoticed,
} from "../support/webhook/running-webhook.ts";

const NAMESPACE = "webhook-test";
let client: KubeClient;
let webhook: TestWebhook;
let unregister: () => Promise<void>;

const create = (workload: Manifest) => client.create(resourceOfWorkload(workload.kind), NAMESPACE, workload, asIs);
const update = (workload: object) => client.update(KUBERNETES.Deployment, NAMESPACE, workload, asIs);
const get = (name: string) => client.get(KUBERNETES.Deployment, NAMESPACE, name, asIs);
const annotate = (name: string, annotations: object) =>
  client.patch(KUBERNETES.Deployment, NAMESPACE, name, { kind: "merge", body: { metadata: { annotations } } }, asIs);
const templateOf = (workload: unknown) => valueAt(workload, "spec", "template");
const containersOf = (workload: unknown) => objectsAt(workload, "spec", "template", "spec", "containers");
const namesOf = (workload: unknown) => containersOf(workload).map(({ name }) => name);
const generationOf = (workload: unknown) => numberAt(workload, "metadata", "generation");
const deployment = (name: string, metadata: object = {}) => aWorkload("Deployment", NAMESPACE, name, metadata);

/** What was written reaches the webhook's informers within some milliseconds. */
const untilLearned = () => sleep(300);

beforeAll(async () => {
  client = await connectTo(sharedPlane().kubeconfigPath);
  const ca = await readAuthority(sharedPlane().kubeletCa);
  await applyManifests(client, aWorld(NAMESPACE));
  webhook = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca });
  unregister = await registerWebhook(client, webhook.url, ca.certPem);
  await untilNoticed();
});

afterAll(async () => {
  await unregister?.();
  await webhook?.stop();
  await client?.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  client?.close();
});

test("L90: another replica starts and is ready, though nothing calls it", async () => {
  const ca = await readAuthority(sharedPlane().kubeletCa);
  const other = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca });
  expect(other.port).not.toBe(webhook.port);
  await other.stop();
});

describe("ways in", () => {
  test("a workload that a BackupConfiguration names is stored with the sidecar", async () => {
    const created = await create(deployment("web"));
    expect(namesOf(created)).toEqual(["app", "stash"]);
    expect(containersOf(created)[1]).toMatchObject({
      image: TEST_IMAGE,
      volumeMounts: expect.arrayContaining([{ name: "data", mountPath: "/data", readOnly: true }]),
    });
  });

  test.each(["Deployment", "StatefulSet", "DaemonSet"] as const)("a %s joins a batch by label", async (kind) => {
    const created = await create(aWorkload(kind, NAMESPACE, `joined-${kind.toLowerCase()}`, JOINED));
    expect(namesOf(created)).toEqual(["app", "stash"]);
  });

  test("a workload with a blueprint's annotation is injected at creation, and stays so when its objects are made", async () => {
    const backend = { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } };
    const retentionPolicy = { name: "keep", keepLast: 5, prune: true };
    await applyManifests(client, [
      {
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupBlueprint",
        metadata: { name: "webhook-test" },
        spec: { backend, retentionPolicy, schedule: "0 3 * * *" },
      },
    ]);
    const annotations = {
      "stash.appscode.com/backup-blueprint": "webhook-test",
      "stash.appscode.com/target-paths": "/data",
      "stash.appscode.com/volume-mounts": "data:/data",
    };
    await untilLearned();
    const created = await create(deployment("auto", { annotations }));
    expect(namesOf(created)).toEqual(["app", "stash"]);
    await applyManifests(client, [
      {
        apiVersion: "stash.appscode.com/v1alpha1",
        kind: "Repository",
        metadata: { name: "deploy-auto", namespace: NAMESPACE },
        spec: { backend },
      },
      {
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupConfiguration",
        metadata: { name: "deploy-auto", namespace: NAMESPACE },
        spec: {
          schedule: "0 3 * * *",
          repository: { name: "deploy-auto" },
          retentionPolicy,
          target: {
            ref: { apiVersion: "apps/v1", kind: "Deployment", name: "auto" },
            paths: ["/data"],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        },
      },
    ]);
    await untilLearned();
    const annotated = await annotate("auto", { seen: "1" });
    expect(templateOf(annotated)).toEqual(templateOf(created));
  });

  test("a workload that nothing names is stored as it was sent", async () => {
    const created = await create(deployment("other"));
    expect(namesOf(created)).toEqual(["app"]);
    expect(appliedHashes(templateOf(created))).toEqual({});
  });

  test("a workload without a name goes in, and is told that its container follows", async () => {
    const { metadata: _, ...workload } = deployment("x");
    const created = await client.create(
      KUBERNETES.Deployment,
      NAMESPACE,
      { ...workload, metadata: { generateName: "made-", ...JOINED } },
      asIs,
    );
    expect(namesOf(created)).toEqual(["app"]);
  });

  test("a workload that is wrong about itself is refused with the reason and the fix", async () => {
    const annotations = { "stash.appscode.com/volume-mounts": "dta:/data" };
    await expect(create(deployment("wrong", { ...JOINED, annotations }))).rejects.toThrow(
      /mounts dta.*Name one of its volumes: data/,
    );
  });
});

describe("an injected workload", () => {
  test("is stored in the form in which it was built: what the API server fills in is no reason to change it", async () => {
    const before = await create(deployment("web-stored")).then(() => get("web"));
    const { metadata, ...rest } = Object(before);
    const { managedFields: _, ...kept } = metadata;
    const after = await update({ ...rest, metadata: kept });
    expect(generationOf(after)).toBe(generationOf(before));
    expect(textAt(after, "metadata", "resourceVersion")).toBe(textAt(before, "metadata", "resourceVersion"));
  });

  test("gets its sidecar back in the same generation when a manifest without it replaces the object", async () => {
    const before = await get("web");
    // The Deployment controller's own annotation: without it the API server counts a generation.
    const after = await update(deployment("web", { annotations: textMapAt(before, "metadata", "annotations") }));
    expect(generationOf(after)).toBe(generationOf(before));
    expect(templateOf(after)).toEqual(templateOf(before));
  });

  test("keeps its sidecar through server-side applies of a manifest without it", async () => {
    const manifest = deployment("applied");
    const target = {
      ref: { apiVersion: "apps/v1", kind: "Deployment", name: "applied" },
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    };
    const batch = { spec: { members: [{ target }] } };
    await client.patch(KINDS.BackupBatch, NAMESPACE, "nightly", { kind: "merge", body: batch }, asIs);
    await untilLearned();
    const apply = (body: object) =>
      client.patch(KUBERNETES.Deployment, NAMESPACE, "applied", { kind: "apply", body, force: true }, asIs, {
        fieldManager: "gitops",
      });
    const first = await apply(manifest);
    expect(namesOf(first)).toEqual(["app", "stash"]);
    const again = await apply(manifest);
    expect(generationOf(again)).toBe(generationOf(first));
    const changed = await apply({ ...manifest, spec: { ...Object(manifest["spec"]), revisionHistoryLimit: 3 } });
    expect(namesOf(changed)).toEqual(["app", "stash"]);
    expect(templateOf(changed)).toEqual(templateOf(first));
  });

  test("gets its template back, byte for byte, when its invoker goes", async () => {
    // As the API server stores it when nobody names it.
    const plain = await create(deployment("plain"));
    await client.delete(KINDS.BackupConfiguration, NAMESPACE, "web-backup");
    await untilLearned();
    const removed = await annotate("web", { "stash.appscode.com/requested-injection": "" });
    expect(namesOf(removed)).toEqual(["app"]);
    const asPlain = JSON.stringify(templateOf(removed)).replaceAll('"web"', '"plain"');
    expect(asPlain).toBe(JSON.stringify(templateOf(plain)));
  });
});

describe("a restore", () => {
  const restore = (name: string, target: string): Manifest => ({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      repository: { name: "repo" },
      rules: [{ paths: ["/data"] }],
      target: {
        ref: { apiVersion: "apps/v1", kind: "Deployment", name: target },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    },
  });

  test("has its deprecated rules moved to its target", async () => {
    const created = await client.create(KINDS.RestoreSession, NAMESPACE, restore("moved", "nobody"), asIs);
    expect(valueAt(created, "spec", "target", "rules")).toEqual([{ paths: ["/data"] }]);
    expect(valueAt(created, "spec", "rules")).toBeUndefined();
  });

  test("holds a workload from its creation, a running one until its turn is announced, and leaves with its next change", async () => {
    await create(deployment("running"));
    const made = await client.create(KINDS.RestoreSession, NAMESPACE, restore("running", "running"), asIs);
    await client.create(KINDS.RestoreSession, NAMESPACE, restore("fresh", "fresh"), asIs);
    await untilLearned();
    const initOf = (workload: unknown) =>
      objectsAt(workload, "spec", "template", "spec", "initContainers").map(({ name }) => name);
    expect(initOf(await create(deployment("fresh")))).toEqual(["stash-init"]);
    expect(initOf(await annotate("running", { a: "1" }))).toEqual([]);
    const uid = textAt(made, "metadata", "uid");
    const announced = await annotate("running", { "stash.appscode.com/requested-restore": uid });
    expect(initOf(announced)).toEqual(["stash-init"]);
    const status = { status: { phase: "Succeeded" } };
    await client.patchStatus(KINDS.RestoreSession, NAMESPACE, "running", { kind: "merge", body: status }, asIs);
    await untilLearned();
    expect(initOf(await annotate("running", { a: "2" }))).toEqual(["stash-init"]);
    const labels = { labels: { app: "running", version: "2" } };
    const body = { spec: { template: { metadata: labels } } };
    const changed = await client.patch(KUBERNETES.Deployment, NAMESPACE, "running", { kind: "merge", body }, asIs);
    expect(initOf(changed)).toEqual([]);
  });
});
