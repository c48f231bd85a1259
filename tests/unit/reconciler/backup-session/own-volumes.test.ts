/** C12: a host is given to no pod in which another member's volume is where its own is wanted. */
import { describe, expect, test } from "vitest";
import { readPod } from "../../../../reconciler/world/pod-object.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { sourceOf } from "../../../../shared/injection/mounts.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const MOUNT = { name: "b", mountPath: "/data/", subPath: "in" };

const BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    members: [
      {
        target: {
          alias: "web",
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
          paths: ["/data"],
          volumeMounts: [MOUNT],
        },
      },
    ],
  },
};

/** The host of a session after each of so many minutes. */
function hostAfter(minutes: number, mounts: ReadonlyMap<string, string> | undefined) {
  const workload = { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 };
  const simulation = new SessionSimulation({ batch: BATCH, workloads: [workload] });
  if (mounts !== undefined) for (const pod of simulation.pods.list()) pod.mounts = mounts;
  for (let minute = 0; minute < minutes; minute += 1) {
    simulation.settle();
    simulation.nowMs += 60_000;
  }
  simulation.settle();
  return simulation.status.targets?.[0]?.stats?.[0];
}

describe("a pod whose container has at the member's place", () => {
  test("another volume gets no turn, and after the wait for a pod the host fails by name of the place", () => {
    const other = new Map([["/data", sourceOf({ name: "a" })]]);
    expect(hostAfter(1, other)).toMatchObject({ phase: "Pending" });
    expect(hostAfter(1, other)?.podUID).toBeUndefined();
    expect(hostAfter(6, other)).toMatchObject({ phase: "Failed", reason: "TARGET_INVALID" });
    expect(hostAfter(6, other)?.error).toContain("another volume than b at /data/");
  });

  test("its own, and another's over a folder of that, gets no turn either", () => {
    const covered = new Map([
      ["/data", sourceOf(MOUNT)],
      ["/data/uploads", sourceOf({ name: "a" })],
    ]);
    expect(hostAfter(6, covered)).toMatchObject({ phase: "Failed", reason: "TARGET_INVALID" });
    expect(hostAfter(6, covered)?.error).toContain("volume a of another member at /data/uploads");
  });

  test.each([
    ["the member's own", new Map([["/data", sourceOf(MOUNT)]])],
    [
      "the member's own, with others beside it and ours below",
      new Map([
        ["/data", sourceOf(MOUNT)],
        ["/database", sourceOf({ name: "a" })],
        ["/data/secrets", sourceOf({ name: "stash-secret-hazuvmnbf3" })],
        ["/", sourceOf({ name: "root" })],
      ]),
    ],
    ["nothing", new Map<string, string>()],
    ["something that nobody looked at", undefined],
  ])("%s gets the turn", (_, mounts) => {
    expect(hostAfter(1, mounts)?.podUID).toBeDefined();
  });
});

test("what a pod's container mounts is read in the form in which members' wishes are compared", () => {
  const container = { name: "stash", args: ["run-backup"], volumeMounts: [MOUNT, { name: "x", mountPath: "/x" }] };
  const mounts = readPod({ metadata: { name: "p" }, spec: { containers: [container] } })?.sidecar?.mounts;
  expect([...(mounts ?? [])]).toEqual([
    ["/data", sourceOf({ name: "b", subPath: "in" })],
    ["/x", sourceOf({ name: "x" })],
  ]);
});
