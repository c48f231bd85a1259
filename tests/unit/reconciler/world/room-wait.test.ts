import { describe, expect, test } from "vitest";
import { readHoldup } from "../../../../reconciler/world/pod-holdup.ts";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

const LACKS_MEMORY =
  "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.";

const pod = (message: string, { requests, ...spec }: { requests?: object | undefined; nodeName?: string } = {}) => ({
  spec: { ...spec, containers: [{ name: "app" }, { name: "stash", resources: { requests } }] },
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  },
});
const requests = { cpu: "10m", memory: "64Mi" };

describe("C1: a pod that no node takes", () => {
  test("is held up by the sidecar where nodes lack what it requests", () => {
    expect(readHoldup(pod(LACKS_MEMORY, { requests }))).toEqual({ words: LACKS_MEMORY });
    expect(readHoldup(pod("0/1 nodes are available: 1 Insufficient cpu.", { requests }))).toBeDefined();
    const own = pod("0/1 nodes are available: 1 Insufficient example.com/slot.", {
      requests: { "example.com/slot": 1 },
    });
    expect(readHoldup(own)).toBeDefined();
    const first = { ...own, spec: { initContainers: own.spec.containers, containers: [{ name: "app" }] } };
    expect(readHoldup(first)).toBeDefined();
  });

  test.each([
    [
      "it lacks what the sidecar does not request",
      pod("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", { requests }),
    ],
    ["the sidecar requests nothing of it", pod(LACKS_MEMORY, { requests: { memory: "0" } })],
    ["nodes have enough", pod("0/2 nodes are available: 2 node(s) had untolerated taint {a: b}.", { requests })],
    ["nodes have too many pods", pod("0/2 nodes are available: 2 Too many pods.", { requests })],
    ["it has one meanwhile", pod(LACKS_MEMORY, { requests, nodeName: "node" })],
  ])("is not where %s", (_what, raw) => {
    expect(readHoldup(raw)).toBeUndefined();
  });
});

test("D16: a host that waits for such a pod is told with the scheduler's words", () => {
  const { spec, status } = pod(LACKS_MEMORY);
  expect(readPod({ spec, status })?.sidecar?.message).toBe(LACKS_MEMORY);
  expect(readPod({ spec: { ...spec, nodeName: "node" }, status })?.sidecar?.message).toBeUndefined();
});
