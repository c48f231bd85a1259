/** D11: pods that templates of before the label make are found, whenever the first of them comes. */
import { expect, test } from "vitest";
import { createWorld, informersOf } from "../../../../reconciler/world/informers.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { eventually } from "../../../support/eventually.ts";
import { PodStore } from "./pod-store.ts";

const SIDECAR = { name: "stash", args: ["run-backup"] };

function aDeployment(namespace: string, labels: Readonly<Record<string, string>>, containers: readonly object[]) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "web", uid: `uid-${namespace}`, resourceVersion: "1" },
    spec: { template: { metadata: { labels }, spec: { containers } } },
  };
}

function clientWith(pods: PodStore, deployments: readonly object[]): Pick<KubeClient, "listPages" | "watch"> {
  const none = new PodStore();
  return {
    async *listPages(resource, namespace, options) {
      if (resource.plural === "pods") yield* pods.client.listPages(resource, namespace, options);
      else yield { items: resource.plural === "deployments" ? deployments : [], resourceVersion: "1", next: undefined };
    },
    watch: (resource, namespace, options) =>
      (resource.plural === "pods" ? pods : none).client.watch(resource, namespace, options),
  };
}

test("D11: the namespaces of templates with our container and without the label are looked into, and no others", async () => {
  const pods = new PodStore();
  const world = createWorld({
    client: clientWith(pods, [
      aDeployment("old", { app: "web" }, [{ name: "app" }, SIDECAR]),
      aDeployment("new", { app: "web", "stash.appscode.com/injected": "true" }, [{ name: "app" }, SIDECAR]),
      aDeployment("others", { app: "web" }, [{ name: "app" }]),
    ]),
    onProblem: (problem) => {
      throw new Error(JSON.stringify(problem));
    },
    onFail: () => undefined,
  });
  const informers = informersOf(world).map(([, informer]) => informer);
  try {
    for (const informer of informers) informer.start();
    await Promise.all(informers.map((informer) => informer.hasSynced()));
    pods.put("old", "web-1", {}, "stash");
    pods.put("others", "web-2", {}, "stash");
    await eventually(() => world.pods.list().map(({ name }) => name), ["web-1"], 10_000);
    expect(new Set(pods.lists.map(({ namespace }) => namespace))).toEqual(new Set([undefined, "old"]));
  } finally {
    for (const informer of informers) await informer.stop();
  }
});
