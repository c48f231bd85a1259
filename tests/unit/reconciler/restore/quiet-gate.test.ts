/** Who else mounts what a pod restores, from pods as the API server sends them, and what the gate makes of it. */
import { describe, expect, test } from "vitest";
import { decideRestore } from "../../../../reconciler/restore/decide.ts";
import { isSameVolume, readMountingPod } from "../../../../reconciler/restore/mounting-pod.ts";
import { formatOldPods } from "../../../../reconciler/restore/old-pods.ts";
import { turnGate } from "../../../../reconciler/restore/quiet-gate.ts";
import { SeenPods } from "../../../../reconciler/restore/seen-pods.ts";
import { readRestoreStatus, writeRestoreStatus } from "../../../../reconciler/restore/status.ts";
import type { RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const CLAIM = { persistentVolumeClaim: { claimName: "data" } };

interface PodChange {
  readonly source?: JsonObject;
  readonly owner?: readonly [kind: string, name: string];
  readonly node?: string;
  /** How far its init-container of a restore is; it has none when undefined. */
  readonly init?: "waits" | "done";
  readonly spec?: JsonObject;
  readonly metadata?: JsonObject;
  readonly phase?: string;
}

function aPod(name: string, change: PodChange = {}) {
  const mount = { volumeMounts: [{ name: "files", mountPath: "/data" }] };
  const [kind, owner] = change.owner ?? [];
  const state = change.init === "done" ? { terminated: { exitCode: 0 } } : { running: {} };
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      labels: { "pod-template-hash": "5f" },
      ...(kind !== undefined && { ownerReferences: [{ controller: true, kind, name: owner }] }),
      ...change.metadata,
    },
    spec: {
      nodeName: change.node ?? "n1",
      containers: [{ name: "app", ...mount }],
      ...(change.init !== undefined && { initContainers: [{ name: "stash-init", args: ["restore"], ...mount }] }),
      volumes: [{ name: "files", ...(change.source ?? CLAIM) }],
      ...change.spec,
    },
    status: {
      phase: change.phase ?? (change.init === "waits" ? "Pending" : "Running"),
      ...(change.init !== undefined && { initContainerStatuses: [{ name: "stash-init", state }] }),
    },
  };
}

const seen = (...pods: readonly unknown[]) =>
  new SeenPods(
    pods.flatMap((pod) => readMountingPod(pod) ?? []),
    [],
    RESTORE_START_MS,
    0,
  );

/** Names of the pods in the way of `new`, which waits. */
function inTheWay(waiting: PodChange, ...others: readonly unknown[]): readonly string[] {
  const all = seen(aPod("new", { init: "waits", ...waiting }), ...others);
  const pod = all.get("uid-new");
  return pod === undefined ? [] : all.sharing(pod).map((other) => other.pod.name);
}

describe("D3: pods mount the same", () => {
  test("claim, whoever made them and on whatever node", () => {
    const others = [aPod("a"), aPod("b", { node: "n2", owner: ["Job", "j"] }), aPod("c", { source: { emptyDir: {} } })];
    expect(inTheWay({}, ...others)).toEqual(["a", "b"]);
    const generic = { ephemeral: { volumeClaimTemplate: {} } };
    expect(inTheWay({ source: generic }, aPod("a", { source: generic }))).toEqual([]);
    const byName = aPod("a", { source: { persistentVolumeClaim: { claimName: "new-files" } } });
    expect(inTheWay({ source: generic }, byName)).toEqual(["a"]);
  });

  test("folder of a node, or one that holds the other, on that node alone", () => {
    const at = (path: string) => ({ hostPath: { path } });
    const others = [
      aPod("same", { source: at("/srv/data/") }),
      aPod("above", { source: at("/srv") }),
      aPod("below", { source: at("/srv/data/x") }),
      aPod("beside", { source: at("/srv/data2") }),
      aPod("elsewhere", { source: at("/srv/data"), node: "n2" }),
      aPod("nowhere", { source: at("/srv/data"), node: "" }),
    ];
    expect(inTheWay({ source: at("/srv/data") }, ...others)).toEqual(["same", "above", "below", "nowhere"]);
    expect(inTheWay({ source: at("/") }, ...others)).toHaveLength(5);
  });

  test("NFS folder or disk, however it is named", () => {
    const nfs = (path: string, server = "s") => ({ nfs: { server, path } });
    const others = [aPod("a", { source: nfs("/exports/web") }), aPod("b", { source: nfs("/exports/web", "other") })];
    expect(inTheWay({ source: nfs("/exports") }, ...others)).toEqual(["a"]);
    const disk = (id: string, readOnly: boolean) => ({ awsElasticBlockStore: { volumeID: id, readOnly } });
    expect(inTheWay({ source: disk("v1", false) }, aPod("a", { source: disk("v1", true) }))).toEqual(["a"]);
    expect(inTheWay({ source: disk("v1", false) }, aPod("a", { source: disk("v2", false) }))).toEqual([]);
  });

  test("only where a container mounts it, an ephemeral one too", () => {
    const bare = { containers: [{ name: "app" }] };
    expect(inTheWay({}, aPod("a", { spec: bare }))).toEqual([]);
    const debug = [{ name: "debug", volumeMounts: [{ name: "files", mountPath: "/x" }] }];
    expect(inTheWay({}, aPod("a", { spec: { ...bare, ephemeralContainers: debug } }))).toEqual(["a"]);
    const block = [{ name: "app", volumeDevices: [{ name: "files", devicePath: "/dev/x" }] }];
    expect(inTheWay({}, aPod("a", { spec: { containers: block } }))).toEqual(["a"]);
  });

  test("folder of a claim, where each mounts a part of it", () => {
    const part = (subPath: string, key = "subPath") => ({
      containers: [{ name: "app", volumeMounts: [{ name: "files", mountPath: "/data", [key]: subPath }] }],
    });
    const initContainers = [
      { name: "stash-init", args: ["restore"], volumeMounts: [{ name: "files", mountPath: "/data", subPath: "web" }] },
    ];
    const others = [
      aPod("same", { spec: part("web/") }),
      aPod("below", { spec: part("web/cache") }),
      aPod("beside", { spec: part("website") }),
      aPod("other", { spec: part("api") }),
      aPod("all", {}),
      aPod("unknown", { spec: part("$(POD_NAME)", "subPathExpr") }),
    ];
    expect(inTheWay({ spec: { ...part("web"), initContainers } }, ...others)).toEqual([
      "same",
      "below",
      "all",
      "unknown",
    ]);
  });

  test("but nothing that is every pod's own, or that the restore only reads", () => {
    for (const source of [{ emptyDir: {} }, { configMap: { name: "c" } }, { secret: {} }, { csi: { driver: "d" } }]) {
      expect(inTheWay({ source }, aPod("a", { source }))).toEqual([]);
    }
    const mount = { name: "files", mountPath: "/data", readOnly: true };
    const initContainers = [{ name: "stash-init", args: ["restore"], volumeMounts: [mount] }];
    expect(inTheWay({ spec: { initContainers } }, aPod("a"))).toEqual([]);
  });

  test("as long as they live: ended ones are out of the way, those that are ending are not", () => {
    const others = [
      aPod("done", { phase: "Succeeded" }),
      aPod("evicted", { phase: "Failed" }),
      aPod("ending", { metadata: { name: "ending", uid: "e", deletionTimestamp: "2030-01-01T00:00:00Z" } }),
    ];
    expect(inTheWay({}, ...others)).toEqual(["ending"]);
  });
});

const WEB = { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 };

function restoreOf(...names: readonly string[]): RestoreBatch {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: {
      name: "back",
      namespace: "demo",
      uid: "u",
      creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
    },
    spec: {
      repository: { name: "store" },
      members: names.map((name) => ({
        target: {
          alias: name,
          ref: { apiVersion: "apps/v1", kind: "Deployment", name },
          rules: [{ paths: ["/data"] }],
        },
      })),
    },
  };
}

/** What the gate says of pod `new` among the others. */
function gateOf(
  others: readonly unknown[],
  change: { readonly atWork?: readonly string[]; readonly ageMs?: number } = {},
) {
  const simulation = new RestoreSimulation(restoreOf("web"), [WEB]);
  const view = {
    ...simulation.view(),
    quiet: {
      seen: seen(aPod("new", { init: "waits", owner: ["ReplicaSet", "web-5f"] }), ...others),
      monotonicMs: RESTORE_START_MS + (change.ageMs ?? 0),
      atWork: new Set(change.atWork),
    },
  };
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  return turnGate(view, {}, { ref, alias: "web" }, { uid: "uid-new" });
}

describe("D3: the gate before a host's turn", () => {
  test("is open when only pods mount it that wait too, as those that an autoscaler adds", () => {
    const others = [aPod("new-2", { init: "waits" }), aPod("other", { source: { emptyDir: {} } })];
    expect(gateOf(others)).toEqual({ kind: "open" });
  });

  test("is closed by a pod whose restore is over, and by one in which another restore is at work", () => {
    expect(gateOf([aPod("b", { init: "done" })])).toMatchObject({ kind: "closed" });
    expect(gateOf([aPod("b", { init: "waits" })], { atWork: ["uid-b"] })).toMatchObject({ kind: "closed" });
  });

  test("is closed by the surge of a DaemonSet and by the shared claim of a StatefulSet", () => {
    for (const owner of [["DaemonSet", "web"] as const, ["StatefulSet", "db"] as const]) {
      expect(gateOf([aPod("old", { owner })])).toMatchObject({
        kind: "closed",
        message: expect.stringMatching(/pod old mounts claim data/),
      });
    }
  });

  test("is not known before the first look, nor long after it", () => {
    expect(gateOf([], { ageMs: 1_000 })).toEqual({ kind: "open" });
    expect(gateOf([], { ageMs: 1_001 })).toEqual({ kind: "unknown" });
    const simulation = new RestoreSimulation(restoreOf("web"), [WEB]);
    expect(turnGate(simulation.view(), {}, {}, { uid: "uid-new" })).toEqual({ kind: "unknown" });
  });
});

test("D3: of two members that share a claim one alone is restored at a time", () => {
  const simulation = new RestoreSimulation(restoreOf("web", "api"), [WEB, { ...WEB, name: "api" }]);
  simulation.claims.set("api", "web");
  simulation.settle();
  for (const workload of simulation.workloads) simulation.rollOut(workload, 0);
  simulation.settle();
  const given = simulation.hosts().filter(({ host }) => host.podUID !== undefined);
  expect(given.map(({ host }) => host.hostname)).toEqual(["web"]);
  expect(simulation.status.targets?.[1]).toMatchObject({
    reason: "OldPodsRunning",
    message: expect.stringContaining("mounts claim web (next: scale Deployment demo/web to 0"),
  });
  expect(simulation.status).toMatchObject({
    reason: "OldPodsRunning",
    message: expect.stringMatching(/^api: pod web-/),
  });
});

test("D3: a failed host is tried again only when nobody else mounts its claim by then", () => {
  const restore = restoreOf("web");
  const simulation = new RestoreSimulation({ ...restore, spec: { ...restore.spec, retryConfig: { maxRetry: 1 } } }, [
    WEB,
  ]);
  simulation.settle();
  simulation.rollOut(WEB, 0);
  simulation.settle();
  const [at] = simulation.hosts();
  if (at === undefined) throw new Error("no host");
  expect(at.host.podUID).toBeDefined();
  simulation.strangers.set("shell", { claim: "web" });
  simulation.nowMs += 2_000;
  simulation.report(at, (host) => ({ ...host, phase: "Failed", reason: "BACKEND_UNREACHABLE", error: "no route" }));
  simulation.settle();
  expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Pending", attempt: 1 });
  expect(simulation.status.reason).toBe("OldPodsRunning");
  simulation.strangers.clear();
  simulation.nowMs += 2_000;
  simulation.settle();
  expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Pending", attempt: 2, podUID: at.host.podUID });
});

test("D3: a RestoreSession goes on saying whom it waits for while the pods are about to be looked at again", () => {
  const simulation = new RestoreSimulation(restoreOf("web"), [WEB]);
  simulation.strangers.set("shell", { claim: "web" });
  simulation.settle();
  simulation.rollOut(WEB, 0);
  simulation.settle();
  expect(simulation.status.reason).toBe("OldPodsRunning");
  const { metadata, spec } = restoreOf("web");
  const session = parseRestoreSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata,
    spec: { repository: spec.repository, ...spec.members?.[0] },
  });
  const stored = parseRestoreSession({ ...session, status: writeRestoreStatus(session, simulation.status) });
  simulation.nowMs += 5_000;
  const view = { ...simulation.view(), status: readRestoreStatus(stored) };
  const { actions } = decideRestore(view, new Date(simulation.nowMs));
  expect(actions.map(({ kind }) => kind)).toContain("LookAtPods");
  for (const action of actions) {
    if (action.kind === "WriteStatus") expect(writeRestoreStatus(stored, action.status)).toEqual(stored.status);
  }
});

test("D3: the message names a few pods, what they mount and what to do about each kind of owner", () => {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "demo", name: "web" };
  const pods = seen(
    aPod("b", { owner: ["ReplicaSet", "api-5f"] }),
    aPod("a", { owner: ["ReplicaSet", "web-5f"] }),
    ...Array.from({ length: 6 }, (_, at) => aPod(`c${at}`, { owner: ["DaemonSet", "logs"] })),
  );
  expect(formatOldPods(ref, [...pods.list()], "claim data")).toBe(
    "pods a, b, c0, c1, c2 and 3 more mount claim data (next: scale Deployment demo/api to 0 until the restore has ended; " +
      "scale Deployment demo/web to 0 and up again; stop DaemonSet demo/logs until the restore has ended)",
  );
});

test("a volume is the same as itself, and on another node it is not", () => {
  const volume = { key: "host", path: "/a/", node: "n1", words: "" };
  expect(isSameVolume(volume, volume)).toBe(true);
  expect(isSameVolume(volume, { ...volume, node: "n2" })).toBe(false);
});
