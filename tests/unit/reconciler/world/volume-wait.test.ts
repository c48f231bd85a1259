import { describe, expect, test } from "vitest";
import { readHoldup } from "../../../../reconciler/world/pod-holdup.ts";

const LOCAL = "stash-local-0a1b2c3d4e";
const OURS = [
  { name: "stash-tmp-dir", emptyDir: {} },
  { name: "stash-identity", projected: {} },
  { name: "stash-secret-0a1b2c3d4e", secret: { secretName: "backend", optional: true } },
];
const NFS = { name: LOCAL, nfs: { server: "gone", path: "/" } };
const CLAIM = { name: LOCAL, persistentVolumeClaim: { claimName: "backups" } };

/** A pod that a node has, with nothing begun in it. */
const placed = (volume: object, status: object = {}) => ({
  spec: { nodeName: "node", volumes: [{ name: "data", emptyDir: {} }, ...OURS, volume] },
  status: {
    phase: "Pending",
    containerStatuses: ["app", "stash"].map((name) => ({
      name,
      ready: false,
      state: { waiting: { reason: "ContainerCreating" } },
    })),
    ...status,
  },
});
const unplaced = (volume: object, message: string) => ({
  spec: { volumes: [...OURS, volume] },
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  },
});

describe("D9: a pod that has not begun waits", () => {
  test.each([
    ["a server that is away", NFS],
    ["a claim", CLAIM],
    ["a folder of the node", { name: LOCAL, hostPath: { path: "/none", type: "Directory" } }],
    ["huge pages for scratch", { name: "stash-tmp-dir", emptyDir: { medium: "HugePages-2Mi" } }],
  ])("perhaps for a volume of ours: %s", (_what, volume) => {
    expect(readHoldup(placed(volume))).toEqual({ words: "nothing in it has begun yet", volumes: [volume.name] });
  });

  test("perhaps behind init-containers that have not begun either", () => {
    const initContainerStatuses = [{ name: "first", state: { waiting: { reason: "PodInitializing" } } }];
    expect(readHoldup(placed(NFS, { initContainerStatuses }))?.volumes).toEqual([LOCAL]);
  });

  test.each([
    ["a volume of its own alone", placed({ name: "files", nfs: {} })],
    ["nothing of ours that can fail", placed({ name: "more", emptyDir: {} })],
    [
      "its init-container, which runs",
      placed(NFS, { initContainerStatuses: [{ name: "first", state: { running: {} } }] }),
    ],
    ["nothing: it runs", placed(NFS, { phase: "Running" })],
    ["an image", placed(NFS, { containerStatuses: [{ name: "app", state: { waiting: { reason: "ErrImagePull" } } }] })],
  ])("not for ours, but for %s", (_what, raw) => {
    expect(readHoldup(raw)).toBeUndefined();
  });

  test.each([
    [
      "a claim of ours that is missing",
      CLAIM,
      '0/3 nodes are available: persistentvolumeclaim "backups" not found.',
      true,
    ],
    [
      "a claim of its own that is missing",
      CLAIM,
      '0/3 nodes are available: persistentvolumeclaim "data" not found.',
      false,
    ],
    [
      "a node that both volumes can have",
      CLAIM,
      "0/3 nodes are available: 3 node(s) had volume node affinity conflict.",
      true,
    ],
    ["a node with room", CLAIM, "0/3 nodes are available: 3 Insufficient cpu.", false],
    ["a node without a taint", CLAIM, "0/3 nodes are available: 3 node(s) had untolerated taint(s).", false],
    [
      "volumes, of which ours needs no node",
      NFS,
      "0/3 nodes are available: 3 node(s) had volume node affinity conflict.",
      false,
    ],
  ])("for %s", (_what, volume, words, isOurs) => {
    expect(readHoldup(unplaced(volume, words))).toEqual(isOurs ? { words } : undefined);
  });
});
