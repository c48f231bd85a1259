import { describe, expect, test } from "vitest";
import {
  hostnamesOf,
  MOST_REPLICAS,
  planHosts,
  type TargetPlan,
  whyUnserved,
} from "../../../../reconciler/run/hosts.ts";
import type { PodFact, WorkloadFact } from "../../../../reconciler/run/world.ts";

function aPod(name: string, change: Partial<PodFact> = {}): PodFact {
  return {
    namespace: "demo",
    name,
    uid: `uid-${name}`,
    nodeName: "node-a",
    podIp: undefined,
    createdAtMs: 0,
    isReady: true,
    isTerminating: false,
    isEnded: false,
    containers: ["app"],
    sidecar: { isRunning: true, startedAtMs: 0, message: undefined, serves: undefined },
    restoreInit: undefined,
    ...change,
  };
}

function plan(
  kind: string,
  pods: readonly PodFact[],
  change: Partial<WorkloadFact> & { readonly alias?: string; readonly isPatienceOver?: boolean } = {},
): TargetPlan {
  const { alias, isPatienceOver = false, ...more } = change;
  const workload = { kind, namespace: "demo", name: "app", uid: "u", replicas: 1, firstOrdinal: 0, pods, ...more };
  const ref = { apiVersion: "apps/v1", kind, name: "app", namespace: "demo" };
  return planHosts({ ref, alias, workload, role: "sidecar", isPatienceOver });
}

function served(answer: TargetPlan): readonly string[] {
  if (answer.kind !== "hosts") return [`${answer.kind}: ${answer.message}`];
  return answer.hosts.map(({ hostname, pod }) => `${hostname}=${pod?.name ?? "nobody"}`);
}

describe("hosts of a workload", () => {
  test("a Deployment of many replicas has one, served by the oldest ready pod", () => {
    const pods = [
      aPod("new", { createdAtMs: 2 }),
      aPod("old", { createdAtMs: 1 }),
      aPod("unready", { isReady: false }),
    ];
    expect(served(plan("Deployment", pods, { replicas: 3 }))).toEqual(["host-0=old"]);
    expect(served(plan("Deployment", pods, { replicas: 3, alias: "web" }))).toEqual(["web=old"]);
  });

  test("a StatefulSet has one an ordinal, from its first one on", () => {
    const pods = [aPod("app-1"), aPod("app-2", { isReady: false })];
    expect(served(plan("StatefulSet", pods, { replicas: 2, firstOrdinal: 1 }))).toEqual([
      "host-1=app-1",
      "host-2=nobody",
    ]);
  });

  test("S8: whatever number somebody scales a StatefulSet to, its hosts are planned at once", () => {
    const answer = plan("StatefulSet", [aPod("app-0")], { replicas: 2_147_483_647 });
    expect(answer.kind === "hosts" && answer.hosts.length).toBe(MOST_REPLICAS);
    const ref = { apiVersion: "apps/v1", kind: "StatefulSet", name: "app", namespace: "demo" };
    const workload = { ...ref, uid: "u", replicas: 2_147_483_647, firstOrdinal: 0, pods: [] };
    expect(hostnamesOf(ref, undefined, workload)).toHaveLength(MOST_REPLICAS);
  });

  test("a DaemonSet has one a node", () => {
    const pods = [aPod("x", { nodeName: "node-b" }), aPod("y", { nodeName: "node-a" })];
    expect(served(plan("DaemonSet", pods, { replicas: 2, alias: "logs" }))).toEqual(["logs-node-a=y", "logs-node-b=x"]);
  });

  test("a DaemonSet waits until every node that wants a pod has one", () => {
    const pods = [aPod("x")];
    expect(plan("DaemonSet", pods, { replicas: 2 }).kind).toBe("hold");
    expect(served(plan("DaemonSet", pods, { replicas: 2, isPatienceOver: true }))).toEqual(["node-a=x"]);
  });

  test.each<readonly [string, Partial<PodFact>, string]>([
    ["on its way out", { isTerminating: true }, "hold: no pod of Deployment demo/app carries the container stash"],
    ["evicted", { isEnded: true }, "hold: no pod of Deployment demo/app carries the container stash"],
    ["without the sidecar", { sidecar: undefined }, "hold: no pod of Deployment demo/app carries the container stash"],
    ["not ready", { isReady: false }, "hold: pod app-1 of Deployment demo/app is not ready"],
    [
      "with a sidecar that crashes",
      { sidecar: { isRunning: false, startedAtMs: undefined, message: "CrashLoopBackOff", serves: undefined } },
      "hold: the container stash of pod app-1 is not running: CrashLoopBackOff",
    ],
  ])("a pod that is %s serves nobody, and the message says so", (_name, change, expected) => {
    expect(served(plan("Deployment", [aPod("app-1", change)]))).toEqual([expected]);
  });

  test("when patience is over a pod that is not ready will do", () => {
    expect(served(plan("Deployment", [aPod("app-1", { isReady: false })], { isPatienceOver: true }))).toEqual([
      "host-0=app-1",
    ]);
  });

  test("a workload without replicas can't be served at all", () => {
    expect(plan("Deployment", [], { replicas: 0 })).toMatchObject({ kind: "failed", code: "NO_REPLICAS" });
    expect(plan("DaemonSet", [], { replicas: 0 })).toMatchObject({ kind: "failed", code: "NO_REPLICAS" });
  });

  test("a DaemonSet whose pods nobody has counted yet is waited for", () => {
    const uncounted = { replicas: 0, isUncounted: true };
    expect(plan("DaemonSet", [], uncounted)).toMatchObject({ kind: "hold", reason: "PodNotReady" });
  });
});

describe("D16: why no pod serves a host is told in the words of", () => {
  const sidecar = (message: string | undefined) => ({
    isRunning: false,
    startedAtMs: undefined,
    message,
    serves: undefined,
  });

  test.each([
    [
      "whoever knows it",
      [aPod("x"), aPod("y", { sidecar: sidecar("ErrImagePull: none") })],
      "pod y: ErrImagePull: none",
    ],
    ["nobody, but that it is not ready", [aPod("x", { sidecar: sidecar(undefined) })], "pod x is not ready"],
    ["nobody, where it is on its way out", [aPod("x", { isTerminating: true, sidecar: sidecar("Error") })], undefined],
    ["nobody, without a pod", [], undefined],
  ])("%s", (_what, pods, words) => {
    expect(whyUnserved(pods, "sidecar")).toBe(words);
  });

  test("and those of a host are its own", () => {
    const pods = [aPod("app-0"), aPod("app-1", { sidecar: sidecar("0/1 nodes are available: 1 Insufficient cpu.") })];
    const answer = plan("StatefulSet", pods, { replicas: 2 });
    const words = answer.kind === "hosts" ? answer.hosts.map((host) => whyUnserved(host.candidates, "sidecar")) : [];
    expect(words[1]).toBe("pod app-1: 0/1 nodes are available: 1 Insufficient cpu.");
  });
});
