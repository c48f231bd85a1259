/** What somebody changes by hand in an injected sidecar is put back, with the webhook there and after it was away. */
import { expect, test } from "vitest";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { listAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { eventually, stays } from "../support/eventually.ts";
import { aBackupOf, aNamespace, anApplication, harmlessStage } from "../support/harmless/stage.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "harmless-drift";
const TIMEOUT_MS = 90_000;

const cluster = useProduct();

const stage = harmlessStage(cluster);

/** Settings that API servers store in words of their own. */
const SETTINGS = {
  tempDir: { sizeLimit: "1024Mi" },
  runtimeSettings: {
    container: {
      // Little is asked for: other files' pods share the node.
      resources: { limits: { cpu: "1000m", memory: "1024Mi" }, requests: { cpu: "10m", memory: "16Mi" } },
      securityContext: { runAsUser: 65534, capabilities: { add: [], drop: ["ALL"] }, privileged: false },
      livenessProbe: { exec: { command: ["true"] }, periodSeconds: 30 },
      env: [{ name: "EMPTY", value: "" }],
    },
  },
};
const MOUNTS = { volumeMounts: [{ name: "data", mountPath: "/data", readOnly: false, subPath: "" }] };
const BACKEND = { local: { mountPath: "/safe/data", hostPath: { path: "/tmp" } } };

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

const untilInjected = () => stage.untilInjected(NAMESPACE);

test("S14: a sidecar as the API server stores it is no drift: it is injected once", async () => {
  await stage.apply(aNamespace(NAMESPACE, { backend: BACKEND }), anApplication(NAMESPACE));
  await stage.apply(aBackupOf(NAMESPACE, { target: MOUNTS, spec: SETTINGS }));
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
  await stays(generation, before, 5_000);
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
  await eventually(async () => (await stage.condition(NAMESPACE))?.status, "False", TIMEOUT_MS);
  await cluster().product.start("webhook");
  await eventually(sidecar, before, TIMEOUT_MS);
  await untilInjected();
});
