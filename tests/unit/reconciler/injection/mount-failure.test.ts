import { expect, test } from "vitest";
import { findMountFailure } from "../../../../reconciler/injection/mount-failure.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";

const POD = { name: "web-0", uid: "u-1", volumes: ["stash-local-0a1b2c3d4e"] };

function eventsOf(...messages: readonly string[]): Pick<KubeClient, "list"> {
  return {
    list: async (resource, namespace, parse, options) => {
      expect([resource.plural, namespace]).toEqual(["events", "demo"]);
      expect(options?.fieldSelector).toBe("involvedObject.uid=u-1,reason=FailedMount");
      const items = messages.map((message, at) => parse({ message, lastTimestamp: `2024-01-01T00:00:0${at}Z` }));
      return { items, resourceVersion: "1" };
    },
  };
}

const setUp = (volume: string) => `MountVolume.SetUp failed for volume "${volume}" : hostPath type check failed`;
const waited = (unmounted: string, others = "") =>
  `Unable to attach or mount volumes: unmounted volumes=[${unmounted}], unattached volumes=[${others}], failed to process volumes=[]: context deadline exceeded`;
const OURS = "stash-local-0a1b2c3d4e";

test.each([
  ["the kubelet says so of ours", [setUp(OURS)], 0],
  ["it waited for ours alone", [setUp("pvc-1"), waited(OURS, `data ${OURS} kube-api-access`), setUp("pvc-1")], 1],
  ["it says so of another", [setUp("data")], undefined],
  ["it waited for others too", [setUp(OURS), waited(`${OURS} data`)], undefined],
  ["another one failed last", [setUp(OURS), setUp("data")], undefined],
  ["it says something else", ["what nobody knows"], undefined],
  ["it says nothing", [], undefined],
] as const)("D9: when %s", async (_when, messages, at) => {
  const words = await findMountFailure(eventsOf(...messages), "demo", POD, new AbortController().signal);
  expect(words).toBe(at === undefined ? undefined : `pod web-0: ${messages[at]}`);
});
