/** What becomes of the init-container of a restore that somebody deletes; told by the controller, its informers and the webhook's answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { isHeldByInit } from "../../../../reconciler/injection/left-over.ts";
import { GONE_GRACE_MS } from "../../../../reconciler/release/decide.ts";
import { readPod } from "../../../../reconciler/world/pod-object.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { eventually, stays } from "../../../support/eventually.ts";
import { aDeployment } from "../../webhook/builders.ts";
import { HASTE, LeftOverCluster, rolledOut } from "./left-over-cluster.ts";

const GRACE_MS = GONE_GRACE_MS / HASTE;
const opened: LeftOverCluster[] = [];
afterAll(async () => {
  for (const one of opened) await one.stop();
});

const PLURALS = { Deployment: "deployments", StatefulSet: "statefulsets", DaemonSet: "daemonsets" } as const;
type Kind = keyof typeof PLURALS;

function restore(
  name: string,
  more: { kind?: string; target?: string; of?: Kind; phase?: string; spec?: object } = {},
) {
  const { kind = "RestoreSession", target: workload = "web", of = "Deployment", phase = "Succeeded" } = more;
  const target = {
    ref: { apiVersion: "apps/v1", kind: of, name: workload },
    rules: [{ paths: ["/data"] }],
    volumeMounts: [{ name: "data", mountPath: "/data" }],
  };
  const members = kind === "RestoreBatch" ? { members: [{ target: { alias: "a", ...target } }] } : { target };
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind,
    metadata: { name, namespace: "demo", uid: `uid-${name}-${phase}` },
    spec: { repository: { name: "repo" }, ...members, ...more.spec },
    status: { phase },
  };
}

const PLURAL_OF = (kind: string) => (kind === "RestoreBatch" ? "restorebatches" : "restoresessions");

function workload(name: string, kind: Kind): JsonObject {
  const own = aDeployment({ kind, metadata: { name, uid: `uid-${name}`, generation: 1 } });
  const pods = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, observedGeneration: 1 };
  const nodes = { desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: 1, numberReady: 1 };
  return { ...own, status: { ...pods, ...nodes } };
}

const namesOf = (object: JsonObject | undefined) =>
  [valueAt(object, "spec", "template", "spec", "initContainers")].flat().map((one) => valueAt(one, "name"));

function hasInit(cluster: LeftOverCluster, plural = "deployments", name = "web"): boolean {
  return namesOf(cluster.get(plural, name)).includes("stash-init");
}

/** `web`, created while its restore was open, which has ended since. */
async function restored(
  more: { kind?: string; of?: Kind; phase?: string; names?: readonly string[]; most?: number } = {},
) {
  const { kind = "RestoreSession", of = "Deployment", phase = "Succeeded", names = ["web"] } = more;
  const cluster = new LeftOverCluster();
  opened.push(cluster);
  for (const name of names) {
    const its = restore(`restore-${name}`, { kind, of, target: name, phase: "Pending" });
    cluster.put(PLURAL_OF(kind), its);
    cluster.admit(PLURALS[of], workload(name, of));
    cluster.put(PLURAL_OF(kind), { ...its, status: { phase } });
  }
  await cluster.start(more.most);
  const remove = (name = "web") => cluster.remove(PLURAL_OF(kind), `restore-${name}`);
  return { cluster, remove };
}

const INIT = { name: "stash-init", args: ["restore", "--invoker-kind=RestoreSession", "--invoker-name=restore-web"] };

function pod(state: object, more: { lastState?: object; ready?: string } = {}): JsonObject {
  return {
    metadata: {
      name: "web-7c9-x",
      namespace: "demo",
      uid: "uid-pod",
      labels: { app: "web", "pod-template-hash": "7c9" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-7c9", uid: "uid-rs", controller: true }],
    },
    spec: { initContainers: [INIT], containers: [{ name: "app" }] },
    status: {
      phase: "Pending",
      initContainerStatuses: [{ name: "stash-init", state, lastState: more.lastState ?? {} }],
      conditions: [{ type: "Ready", status: more.ready ?? "False" }],
    },
  };
}

const RUNNING = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const FAILED = { terminated: { exitCode: 1, reason: "Error" } };
const CRASHED = { waiting: { reason: "CrashLoopBackOff" } };
const DONE = { terminated: { exitCode: 0, reason: "Completed" } };
const PULLING = { waiting: { reason: "ImagePullBackOff" } };

describe.concurrent("E10: the init-container of a restore that is deleted", () => {
  test.each(
    (["Deployment", "StatefulSet", "DaemonSet"] as const).flatMap((of) =>
      ["RestoreSession", "RestoreBatch"].map((kind) => [of, kind] as const),
    ),
  )("goes from a %s with its %s after ten seconds, and leaves the owner's template", async (of, kind) => {
    const { cluster, remove } = await restored({ of, kind });
    await stays(() => cluster.requests, [], GRACE_MS * 2);
    remove();
    await stays(() => hasInit(cluster, PLURALS[of]), true, GRACE_MS / 2);
    await eventually(() => hasInit(cluster, PLURALS[of]), false, 5_000);
    const after = cluster.get(PLURALS[of], "web");
    expect(valueAt(after, "spec")).toEqual(valueAt(workload("web", of), "spec"));
    expect(cluster.requests).toHaveLength(1);
    expect(cluster.events.join()).toContain("Init-Container Deletion Succeeded");
  });

  test("goes where the restore was deleted while nobody looked", async () => {
    const { cluster, remove } = await restored();
    await cluster.stop();
    remove();
    await cluster.start();
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test("goes after a failed restore that held pods, once they are let through", async () => {
    const { cluster, remove } = await restored({ phase: "Failed" });
    cluster.put("pods", pod(RUNNING));
    await sleep(GRACE_MS * 2);
    remove();
    await stays(() => cluster.requests, [], GRACE_MS * 3);
    cluster.put("pods", pod(DONE));
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test.each([
    ["waits in it", pod(RUNNING)],
    ["is half restored", pod(FAILED)],
    ["is half restored, and is about to try again", pod(CRASHED, { lastState: FAILED })],
  ])("stays as long as a pod %s, and goes with that", async (_, held) => {
    const { cluster, remove } = await restored();
    cluster.put("pods", held);
    remove();
    await stays(() => hasInit(cluster), true, GRACE_MS * 3);
    expect(cluster.requests).toEqual([]);
    cluster.remove("pods", "web-7c9-x");
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test("stays when the restore is made anew within the ten seconds, of whatever outcome", async () => {
    for (const phase of ["Pending", "Failed", "Succeeded"]) {
      const { cluster, remove } = await restored();
      remove();
      await sleep(GRACE_MS / 3);
      cluster.put("restoresessions", restore("restore-web", { phase }));
      await stays(() => hasInit(cluster), true, GRACE_MS * 2);
      expect(cluster.requests).toEqual([]);
    }
  });

  test("stays while another restore is open, and while a session works in the pods", async () => {
    const { cluster, remove } = await restored();
    cluster.put("restoresessions", restore("second", { phase: "Pending" }));
    const session = {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: "s", namespace: "demo", uid: "uid-s" },
      spec: { invoker: { kind: "BackupConfiguration", name: "b" } },
      status: { phase: "Running", targets: [{ ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } }] },
    };
    cluster.put("backupsessions", session);
    remove();
    await stays(() => cluster.requests, [], GRACE_MS * 2);
    cluster.put("restoresessions", restore("second"));
    await stays(() => cluster.requests, [], GRACE_MS * 2);
    cluster.put("backupsessions", { ...session, status: { ...session.status, phase: "Succeeded" } });
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test("stays where the cluster would refuse pods without it, and is tried again", async () => {
    const { cluster, remove } = await restored();
    cluster.refusal = "not today";
    remove();
    await stays(() => hasInit(cluster), true, GRACE_MS * 3);
    expect(cluster.requests).toEqual([]);
    cluster.refusal = undefined;
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test("is not fought over with somebody who puts it back, request and all; the next restore's goes at once", async () => {
    const { cluster, remove } = await restored();
    const before = cluster.get("deployments", "web") ?? {};
    remove();
    await eventually(() => hasInit(cluster), false, 5_000);
    cluster.putBack("deployments", before);
    await stays(() => cluster.requests.length, 1, GRACE_MS * 3);
    await eventually(() => hasInit(cluster), false, 5_000);
    cluster.putBack("deployments", before);
    await stays(() => cluster.requests.length, 2, GRACE_MS * 10);
    cluster.put("restoresessions", restore("restore-web"));
    await sleep(GRACE_MS);
    remove();
    await eventually(() => hasInit(cluster), false, 5_000);
  });

  test("goes from as many workloads at a time as may restart", async () => {
    const names = ["a", "b", "c"];
    const { cluster, remove } = await restored({ names, most: 1 });
    for (const name of names) remove(name);
    const left = () => names.filter((name) => hasInit(cluster, "deployments", name));
    for (const count of [2, 1, 0]) {
      await eventually(() => left().length, count, 5_000);
      await stays(() => left().length, count, GRACE_MS * 2);
      for (const name of names) {
        const found = cluster.get("deployments", name);
        if (found !== undefined && !left().includes(name)) cluster.put("deployments", rolledOut(found));
      }
    }
  });
});

test.each<[string, JsonObject, boolean]>([
  ["waits", pod(RUNNING), true],
  ["failed", pod(FAILED), true],
  ["failed and starts anew", pod(CRASHED, { lastState: FAILED }), true],
  ["is through", pod(DONE), false],
  ["is ready", pod(DONE, { ready: "True" }), false],
  ["never began it", pod(PULLING), false],
  ["was through, and its node started anew", pod(PULLING, { lastState: DONE }), false],
  ["has ended", { ...pod(FAILED), status: { phase: "Failed" } }, false],
])("E10: a pod that %s is held or not", (_, raw, isHeld) => {
  const found = readPod(raw);
  expect(found !== undefined && isHeldByInit(found)).toBe(isHeld);
});
