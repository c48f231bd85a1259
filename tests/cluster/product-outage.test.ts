import { beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "outage-test";
const WORKLOADS = 200;
const REPAIR_TIMEOUT_MS = 60_000;

const cluster = useProduct();

function deployment(name: string, labels: Readonly<Record<string, string>> = {}): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE, ...{ labels } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: "app", image: "app:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", emptyDir: {} }],
        },
      },
    },
  };
}

const names = Array.from({ length: WORKLOADS }, (_, index) => `app-${index}`);

const WORLD: readonly Manifest[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "backend", namespace: NAMESPACE },
    stringData: { RESTIC_PASSWORD: "test" },
  },
  {
    apiVersion: KINDS.Repository.apiVersion,
    kind: "Repository",
    metadata: { name: "repo", namespace: NAMESPACE },
    spec: { backend: { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } } },
  },
  {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: "BackupBatch",
    metadata: { name: "all", namespace: NAMESPACE },
    spec: {
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 1, prune: true },
      members: names.map((name) => ({
        target: {
          alias: name,
          ref: { apiVersion: "apps/v1", kind: "Deployment", name },
          paths: ["/data"],
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      })),
    },
  },
];

function containersOf(workload: unknown): readonly (string | undefined)[] {
  return objectsAt(workload, "spec", "template", "spec", "containers").map((container) => textAt(container, "name"));
}

async function countInjected(client: KubeClient): Promise<number> {
  const { items } = await client.list(KUBERNETES.Deployment, NAMESPACE, asIs);
  return items.filter((item) => containersOf(item).includes("stash")).length;
}

function memberCondition(batch: unknown, name: string, type: string): unknown {
  const members = objectsAt(batch, "status", "memberConditions");
  const member = members.find((entry) => textAt(entry, "target", "name") === name);
  return objectsAt(member, "conditions").find((condition) => textAt(condition, "type") === type);
}

describe("a webhook that is down", () => {
  beforeAll(async () => {
    const { client, product } = cluster();
    await applyManifests(client, WORLD);
    await product.kill("webhook");
  });

  test("L36: lets workloads in that did not opt in by label", async () => {
    const { client } = cluster();
    for (let start = 0; start < names.length; start += 20) {
      await Promise.all(
        names
          .slice(start, start + 20)
          .map((name) => client.create(KUBERNETES.Deployment, NAMESPACE, deployment(name), asIs)),
      );
    }
    expect(await countInjected(client)).toBe(0);
  });

  test("keeps workloads out that opted in, and names itself", async () => {
    const labelled = deployment("labelled", { "stash.appscode.com/backup-batch": "all" });
    const attempt = cluster().client.create(KUBERNETES.Deployment, NAMESPACE, labelled, asIs, { maxRetries: 0 });
    await expect(attempt).rejects.toThrow(/labelled\.workloads\.stash\.appscode\.com/);
  });

  test(`is made up for when it is back: all ${WORKLOADS} workloads get the sidecar, and the batch says so`, async () => {
    const { client, product } = cluster();
    await product.start("webhook");
    const began = performance.now();
    await eventually(() => countInjected(client), WORKLOADS, REPAIR_TIMEOUT_MS, 250);
    const isTold = (batch: unknown) =>
      names.every((name) => textAt(memberCondition(batch, name, "StashSidecarInjected"), "status") === "True");
    const read = () => client.get(KINDS.BackupBatch, NAMESPACE, "all", asIs);
    await eventually(read, isTold, REPAIR_TIMEOUT_MS - (performance.now() - began), 250);
  });

  test("has changed nothing else on the workloads than the pod template and the one annotation that asks", async () => {
    const { client } = cluster();
    const workload = await client.get(KUBERNETES.Deployment, NAMESPACE, "app-7", asIs);
    const annotations = valueAt(workload, "metadata", "annotations");
    const ours = Object.keys(Object(annotations)).filter((key) => key.includes("stash.appscode.com"));
    expect(ours).toEqual(["stash.appscode.com/requested-injection"]);
    expect(containersOf(workload)).toEqual(["app", "stash"]);
  });
});
