import { expect, test } from "vitest";
import { createDiscovery } from "../../../../../shared/kube/client/discovery.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../../shared/kube/client/interface.ts";
import { ManualClock } from "../../../../support/kube/manual-clock.ts";

function aServer(served: Map<string, readonly string[]>) {
  const reads: string[] = [];
  const client: Pick<KubeClient, "read"> = {
    read: async (path) => {
      reads.push(path);
      if (path === "/version") return '{"major":"1","minor":"20+","gitVersion":"v1.20.2-gke.1"}';
      const names = served.get(path);
      if (names === undefined) throw new KubeError({ action: "read", status: 404, reason: "NotFound", detail: "d" });
      return JSON.stringify({ resources: names.map((name) => ({ name })) });
    },
  };
  const clock = new ManualClock();
  return { discovery: createDiscovery(client, clock), reads, clock };
}

const V1 = { group: "batch", version: "v1", plural: "cronjobs", namespaced: true };
const V1BETA1 = { ...V1, version: "v1beta1" };

test("the newest served version of a kind is chosen", async () => {
  const served = new Map([
    ["/apis/batch/v1", ["jobs", "jobs/status"]],
    ["/apis/batch/v1beta1", ["cronjobs"]],
  ]);
  const { discovery } = aServer(served);
  expect(await discovery.firstServed([V1, V1BETA1])).toBe(V1BETA1);
  served.delete("/apis/batch/v1beta1");
  expect(await aServer(served).discovery.firstServed([V1, V1BETA1])).toBeUndefined();
});

test("what is served is asked for seldom, what is missing soon again", async () => {
  const served = new Map<string, readonly string[]>([["/api/v1", ["pods"]]]);
  const { discovery, reads, clock } = aServer(served);
  expect(await discovery.hasResource("", "v1", "pods")).toBe(true);
  expect(await discovery.hasResource("g", "v1", "things")).toBe(false);
  served.set("/apis/g/v1", ["things"]);
  expect(await discovery.hasResource("g", "v1", "things")).toBe(false);
  await clock.advance(15_000);
  expect(await discovery.hasResource("", "v1", "pods")).toBe(true);
  expect(await discovery.hasResource("g", "v1", "things")).toBe(true);
  expect(reads).toEqual(["/api/v1", "/apis/g/v1", "/apis/g/v1"]);
});

test("a server's version is read, with a provider's decoration", async () => {
  const { discovery } = aServer(new Map());
  expect(await discovery.serverVersion()).toEqual({ major: 1, minor: 20, text: "v1.20.2-gke.1" });
});
