import { describe, expect, test } from "vitest";
import type { PodObject } from "../../../../reconciler/world/pod-object.ts";
import { gatherLockOwners, gatherPods, gatherWorkloads } from "../../../../reconciler/world/targets.ts";
import { createWorld } from "../../../../reconciler/world/world.ts";

function aPod(namespace: string, uid: string): PodObject {
  return {
    namespace,
    name: `pod-${uid}`,
    uid,
    nodeName: undefined,
    podIp: undefined,
    createdAtMs: 0,
    isReady: true,
    isTerminating: false,
    isEnded: false,
    containers: ["app"],
    sidecar: undefined,
    restoreInit: undefined,
    labels: {},
    backupHash: undefined,
    holdup: undefined,
    owner: undefined,
  };
}

const empty = createWorld({
  client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
  onProblem: () => undefined,
  onFail: () => undefined,
});

/** The informers of an empty cluster, and one that knows these pods by uid. */
function worldOf(...pods: readonly PodObject[]) {
  const known = { ...empty.pods, byIndex: (_index: "uid", uid: string) => pods.filter((pod) => pod.uid === uid) };
  return { ...empty, pods: known };
}

describe("pods of a run", () => {
  const world = worldOf(aPod("demo", "own"), aPod("victim", "foreign"));

  test("S3: are of its namespace, whatever uid a status names", () => {
    expect([...gatherPods(world, ["own", "foreign"], new Map(), "demo").keys()]).toEqual(["own"]);
    expect([...gatherPods(world, ["foreign"], new Map(), "victim").keys()]).toEqual(["foreign"]);
  });

  test("S3: are so too where a workload of another namespace brings them", () => {
    const bank = { kind: "Deployment", namespace: "victim", name: "bank", uid: "u", replicas: 1, firstOrdinal: 0 };
    const workloads = new Map([["Deployment/victim/bank", { ...bank, pods: [aPod("victim", "foreign")] }]]);
    expect(gatherPods(world, [], workloads, "demo").size).toBe(0);
  });

  test("own locks wherever they are: nothing is done in those pods, and a lock of one that lives must stay", () => {
    const former = [{ name: "pod-foreign", uid: "foreign", assignedAtMs: 0 }];
    expect([...gatherLockOwners(world, former, new Map()).keys()]).toEqual(["foreign"]);
  });
});

test("S3: workloads of a run are of its namespace, whatever a spec or status names", () => {
  const asked: string[] = [];
  const informer = {
    ...empty.workloads.Deployment,
    get: (namespace: string | undefined, name: string) => {
      asked.push(`${namespace}/${name}`);
      return undefined;
    },
  };
  const world = { pods: empty.pods, workloads: { ...empty.workloads, Deployment: informer } };
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  gatherWorkloads(
    world,
    [
      { ...ref, namespace: "victim" },
      { ...ref, namespace: "demo" },
    ],
    "demo",
  );
  expect(asked).toEqual(["demo/web"]);
});
