/** The installation's pull secrets: beside the pods that need them, in their templates, and gone with the last of them. */
import { expect, test } from "vitest";
import { isRolledOut } from "../../reconciler/injection/rollouts.ts";
import { readWorkloadObject } from "../../reconciler/world/workload-object.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { containersOf, isSidecar } from "../../shared/injection/own-parts.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { aBackupOf, aNamespace, anApplication, harmlessStage } from "../support/harmless/stage.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const NAMESPACE = "harmless-pull";
const TIMEOUT_MS = 60_000;

const cluster = useProduct({
  webhookFlags: ["--pull-secrets=registry,missing"],
  reconcilerFlags: ["--pull-secrets=registry,missing", "--max-unavailable-workloads=1"],
});

const stage = harmlessStage(cluster);

const REGISTRY = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "registry", namespace: "stash-batch" },
  type: "kubernetes.io/dockerconfigjson",
  stringData: { ".dockerconfigjson": '{"auths":{"registry.test":{"auth":"YTpi"}}}' },
};

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
  const podSpec = { imagePullSecrets: [{ name: "mine" }] };
  await stage.apply(REGISTRY, aNamespace(NAMESPACE), anApplication(NAMESPACE, { podSpec }), aBackupOf(NAMESPACE));
  await waitForContainer(client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  const [copy] = await eventually(copies, ({ length }) => length === 1, TIMEOUT_MS);
  expect(textAt(copy, "type")).toBe("kubernetes.io/dockerconfigjson");
  expect(Object.keys(Object(valueAt(copy, "data")))).toEqual([".dockerconfigjson"]);
  const names = await references();
  expect(names).toHaveLength(3);
  expect(names.slice(0, 2)).toEqual(["mine", textAt(copy, "metadata", "name")]);

  await client.delete(KINDS.BackupConfiguration, NAMESPACE, "app");
  await eventually(references, ["mine"], TIMEOUT_MS);
  await waitForReadyPods(client, NAMESPACE, "app=app", 1, TIMEOUT_MS);
  await eventually(copies, [], TIMEOUT_MS);
});

test("D9: a pod that gets none of them by template or ServiceAccount is told of, with the ServiceAccount to add them to", async () => {
  const ns = "harmless-pull-bare";
  const { client } = cluster();
  await stage.apply(aNamespace(ns), anApplication(ns));
  await waitForReadyPods(client, ns, "app=app", 1, TIMEOUT_MS);
  await stage.apply(aBackupOf(ns));
  expect(await stage.untilEvent(ns, "PullSecretsNotNamed")).toMatch(/add stash-pull-[0-9a-z]{10}, .* ServiceAccount/);
  const references = async () =>
    listAt(await client.get(KUBERNETES.Deployment, ns, "app", asIs), "spec", "template", "spec", "imagePullSecrets");
  expect(await references()).toEqual([]);
});

test("where one workload at a time may restart, no second one begins before the first is ready again", async () => {
  const namespace = "harmless-paced";
  const names = ["one", "two", "three"];
  const { client } = cluster();
  await stage.apply(aNamespace(namespace), ...names.map((name) => anApplication(namespace, { name })));
  for (const name of names) await waitForReadyPods(client, namespace, `app=${name}`, 1, TIMEOUT_MS);
  await stage.apply(...names.map((name) => aBackupOf(namespace, { name })));
  let most = 0;
  let told = false;
  for (const until = performance.now() + 2 * TIMEOUT_MS; performance.now() < until; ) {
    const { items } = await client.list(KUBERNETES.Deployment, namespace, (raw) =>
      readWorkloadObject("Deployment", raw),
    );
    const injected = items.flatMap((one) => (one && containersOf(one.facts.podTemplate).some(isSidecar) ? [one] : []));
    most = Math.max(most, injected.filter((one) => !isRolledOut(one)).length);
    const conditions = await Promise.all(names.map((name) => stage.condition(namespace, name)));
    told ||= conditions.some((one) => one?.message?.includes("when fewer workloads are restarting") === true);
    if (conditions.every((one) => one?.reason === "SidecarInjectionSucceeded")) break;
  }
  for (const name of names) await stage.untilInjected(namespace, name);
  expect([most, told]).toEqual([1, true]);
});
