import { describe, expect, test } from "vitest";
import { decideRelease, GONE_GRACE_MS, type ReleaseFacts } from "../../../../reconciler/release/decide.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";

const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };

function aRestore(spec: object, status: object, stats: readonly object[] = []): RestoreBatch {
  return parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid-restore" },
    spec: { repository: { name: "store" }, members: [{ target: { ref: REF } }], ...spec },
    status: { members: [{ ref: REF, stats }], ...status },
  });
}

function decide(facts: Partial<ReleaseFacts>) {
  const pod = { name: "web-1", uid: "uid-1", nodeName: undefined };
  const target = { kind: "Deployment", namespace: "demo", name: "web" };
  return decideRelease({ pod, target, restore: undefined, goneMs: 0, ...facts });
}

describe("a pod whose restore is deleted", () => {
  test("waits a little, since who makes it anew must not let the application slip through", () => {
    expect(decide({ goneMs: GONE_GRACE_MS - 1 })).toEqual({ kind: "wait", againInMs: 1 });
  });

  test("is then let go, if its data is whole: a deleted restore blocks nobody", () => {
    expect(decide({ goneMs: GONE_GRACE_MS })).toMatchObject({ kind: "release", mode: "IfWhole" });
  });

  test("is let go likewise when its member is taken out of the restore", () => {
    expect(decide({ restore: aRestore({ members: [] }, {}) })).toMatchObject({ kind: "release", mode: "IfWhole" });
  });

  test("is held as before when it is back", () => {
    expect(decide({ restore: aRestore({}, {}), goneMs: GONE_GRACE_MS })).toEqual({ kind: "wait" });
  });
});

describe("a pod whose restore is over", () => {
  test("is let go when the restore, or its host, succeeded", () => {
    expect(decide({ restore: aRestore({}, { phase: "Succeeded" }) })).toMatchObject({ mode: "Always" });
    const done = aRestore({}, { phase: "Running" }, [{ hostname: "host-0", podUID: "uid-0", phase: "Succeeded" }]);
    expect(decide({ restore: done })).toMatchObject({ mode: "Always", message: "host host-0 was restored before" });
  });

  test("is held while its own turn is open, whatever became of its host before", () => {
    const stats = [
      { hostname: "host-0", podUID: "uid-0", phase: "Succeeded" },
      { hostname: "host-0", podUID: "uid-1", phase: "Pending" },
    ];
    expect(decide({ restore: aRestore({}, { phase: "Running" }, stats) })).toEqual({ kind: "wait" });
  });

  test("L37: is held when it failed, unless the restore says onFailure: Start", () => {
    const failed = aRestore({}, { phase: "Failed", message: "no snapshot" });
    expect(decide({ restore: failed })).toEqual({
      kind: "release",
      mode: "Never",
      message: "the restore failed: no snapshot",
    });
    const start = { onFailure: "Start" };
    expect(decide({ restore: aRestore(start, { phase: "Failed" }) })).toMatchObject({ mode: "Always" });
    expect(decide({ restore: aRestore(start, { phase: "Invalid" }) })).toMatchObject({ mode: "Always" });
    expect(decide({ restore: aRestore(start, { phase: "Running" }) })).toEqual({ kind: "wait" });
  });

  test("L37: is told why its host failed in another pod, and left to itself where it was its own", () => {
    const stats = (podUID: string) => [{ hostname: "host-0", podUID, phase: "Failed", error: "no snapshot 0123abcd" }];
    expect(decide({ restore: aRestore({}, { phase: "Failed" }, stats("uid-0")) })).toMatchObject({
      mode: "Never",
      message: "the restore failed: no snapshot 0123abcd",
    });
    expect(decide({ restore: aRestore({}, { phase: "Failed" }, stats("uid-1")) })).toEqual({ kind: "wait" });
  });

  test("is held by a spec that can't be read", () => {
    expect(decide({ restore: aRestore({ timeOut: "1h" }, { phase: "Running" }) })).toEqual({ kind: "wait" });
  });
});

describe("a replica that comes after its restore has succeeded", () => {
  const DB = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", namespace: "demo" };
  const target = { kind: "StatefulSet", namespace: "demo", name: "db" };
  const snapshots = [0, 1].map((at) => ({ target, hostname: `host-${at}`, path: "/data", id: `s${at}`, hosts: 2 }));
  const point = { namespace: "demo", session: "nightly", time: "2024-04-29T02:00:00Z", snapshots };

  function decideFor(
    name: string,
    facts: Partial<ReleaseFacts> = {},
    spec: object = {},
    recoveryPoint: object | null = point,
  ) {
    const member = { ref: DB, stats: [{ hostname: "host-0", podUID: "uid-0", phase: "Succeeded" }] };
    const status = { phase: "Succeeded", ...(recoveryPoint !== null && { recoveryPoint }), members: [member] };
    const restore = aRestore({ members: [{ target: { ref: DB } }], ...spec }, status);
    return decide({ pod: { name, uid: "uid-9", nodeName: "n" }, target, restore, ...facts });
  }

  test("is held where the point has its data, and told the next step", () => {
    expect(decideFor("db-1")).toMatchObject({ kind: "release", mode: "Never" });
    expect(decideFor("db-1")).toMatchObject({
      message: expect.stringMatching(/host-1.*next: .*delete RestoreBatch back/),
    });
  });

  test("starts where its host was restored, by whichever pod, or was no part of the point", () => {
    expect(decideFor("db-0")).toMatchObject({ mode: "Always" });
    expect(decideFor("db-2")).toMatchObject({ mode: "Always" });
  });

  test("starts where all replicas share what was restored, or onFailure is Start", () => {
    expect(decideFor("db-1", { isShared: true })).toMatchObject({ mode: "Always" });
    expect(decideFor("db-1", {}, { onFailure: "Start" })).toMatchObject({ mode: "Always" });
  });

  test("is held where a rule gives it another host's data, though the point has none of its own", () => {
    const members = [{ target: { ref: DB, rules: [{ sourceHost: "host-0" }] } }];
    expect(decideFor("db-7", {}, { members })).toMatchObject({ mode: "Never" });
  });

  test("without a point: is held where a rule names it; a rule for all tells of no data", () => {
    const withRules = (rules: object) => ({ members: [{ target: { ref: DB, rules } }] });
    const named = withRules([{ targetHosts: ["db-1"], paths: ["/data"] }]);
    expect(decideFor("db-1", {}, named, null)).toMatchObject({ mode: "Never" });
    expect(decideFor("db-1", {}, withRules([{ paths: ["/data"] }]), null)).toMatchObject({ mode: "Always" });
  });
});
