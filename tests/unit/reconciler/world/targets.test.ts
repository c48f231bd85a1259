import { describe, expect, test } from "vitest";
import { readJobPod } from "../../../../reconciler/jobs/object.ts";
import { isOwnerGone } from "../../../../reconciler/run/locks.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import type { PodObject } from "../../../../reconciler/world/pod-object.ts";
import {
  gatherLockOwners,
  gatherLocksView,
  gatherPods,
  gatherWorkloads,
  openRestores,
} from "../../../../reconciler/world/targets.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };

function openWith(status: object | undefined, metadata: object = {}, spec: object = {}) {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid-restore", ...metadata },
    spec: { repository: { name: "store" }, members: [{ target: { ref: WEB } }], ...spec },
    ...(status !== undefined && { status }),
  });
  const world = { ...empty, restoreBatches: { ...empty.restoreBatches, byIndex: () => [restore] } };
  return openRestores(world, [WEB]).size;
}

describe("a restore is in the way of backups", () => {
  const startTime = "2024-04-30T08:00:00Z";

  test.each<[string, object | undefined]>([
    ["nobody has looked at it yet", undefined],
    ["its Repository is missing", { phase: "Pending" }],
    ["it is Invalid", { phase: "Invalid" }],
    ["it waits for its target", { phase: "Pending", startTime, members: [{ ref: WEB }] }],
    [
      "its workload is scaled to 0, for however long",
      {
        phase: "Pending",
        startTime,
        members: [
          {
            ref: WEB,
            conditions: [{ type: "StashInitContainerInjected", status: "True", lastTransitionTime: startTime }],
          },
        ],
      },
    ],
    ["it has ended", { phase: "Succeeded", startTime, members: [{ ref: WEB, totalHosts: 1 }] }],
  ])("D19: not while %s", (_what, status) => {
    expect(openWith(status)).toBe(0);
  });

  test.each<[string, object]>([
    ["hosts have their turn", { phase: "Running", startTime, members: [{ ref: WEB, totalHosts: 1 }] }],
    [
      "its workload is sent through admission",
      {
        phase: "Pending",
        startTime,
        members: [
          {
            ref: WEB,
            conditions: [{ type: "StashInitContainerInjected", status: "Unknown", lastTransitionTime: startTime }],
          },
        ],
      },
    ],
    [
      "its job is being made",
      {
        phase: "Pending",
        startTime,
        members: [
          { ref: WEB, conditions: [{ type: "RestoreJobCreated", status: "Unknown", lastTransitionTime: startTime }] },
        ],
      },
    ],
    ["its global hook runs", { phase: "Pending", startTime, hooks: [{ type: "preRestore" }], members: [{ ref: WEB }] }],
  ])("D19: while %s, and never where it is a dry run", (_what, status) => {
    expect(openWith(status, {}, { dryRun: true })).toBe(0);
    expect(openWith(status)).toBe(1);
  });

  const deletionTimestamp = "2024-04-30T09:00:00Z";
  test.each([
    ["until it is gone, where it owes after-hooks", ["stash.appscode.com/after-hooks"], 1],
    ["no more, where it owes none", [], 0],
    ["no more, where only somebody else holds it", ["somebody.else/keeps"], 0],
  ])("D18: that is deleted: %s", (_what, finalizers, open) => {
    const status = { phase: "Running", startTime, members: [{ ref: WEB, totalHosts: 1 }] };
    expect(openWith(status, { deletionTimestamp, finalizers })).toBe(open);
  });
});

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

describe("pods that locks may belong to", () => {
  const assignedAt = "2026-01-10T01:00:00.000Z";
  const entry = (pod: string) => ({ pod, podUID: `uid-${pod}`, assignedAt });
  const store = parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "vault" },
    spec: {},
    status: {
      maintenanceRuns: [
        { phase: "Running", startedAt: assignedAt, ...entry("now"), formerPods: [entry("before")] },
        { phase: "Failed", startedAt: assignedAt, ...entry("killed") },
        { phase: "Failed", startedAt: assignedAt },
      ],
    },
  });
  const job = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "job", controller: true };
  const rawPod = {
    metadata: { name: "now", namespace: "vault", uid: "uid-now", ownerReferences: [job] },
    spec: { containers: [{ name: "pvc-backup" }] },
    status: { phase: "Running", containerStatuses: [{ name: "pvc-backup", state: { running: {} } }] },
  };
  const pod = readJobPod(rawPod);
  const world = {
    ...empty,
    repositories: {
      ...empty.repositories,
      get: (_: string | undefined, name: string) => (name === "store" ? store : undefined),
    },
    jobPods: { ...empty.jobPods, byIndex: (_: string, uid: string) => (uid === pod?.uid ? [pod] : []) },
  };
  const lockOf = (host: string) => ({ id: host, host, createdAt: "2026-01-10T01:10:00.000Z" });

  test("are those of the Repository's maintenance too, of earlier ones and lost ones", () => {
    const { formerPods } = gatherLocksView(world, "vault/store", new Map());
    expect(formerPods.map(({ name }) => name)).toEqual(["now", "before", "killed"]);
    expect(gatherLocksView(world, "vault/other", new Map()).formerPods).toEqual([]);
  });

  test("are pods of jobs, whose containers have other names than ours: a living one keeps its lock", () => {
    const view = gatherLocksView(world, "vault/store", new Map());
    expect(["now", "before", "killed"].map((host) => isOwnerGone(lockOf(host), view))).toEqual([false, true, true]);
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
