import { describe, expect, test } from "vitest";
import {
  actionsOf,
  cancelOf,
  type HostRunOrder,
  hooksOrder,
  hostRunName,
  keyOfEntry,
  planHostRuns,
} from "../../../../reconciler/run/host-runs.ts";
import { aHostRun } from "../../../support/objects/host-runs.ts";

const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  namespace: "demo",
  name: "nightly-1",
  uid: "uid-session",
};
const ORDER: HostRunOrder = { name: "nightly-1-abc", spec: aHostRun().spec };
const known = (...runs: ReturnType<typeof aHostRun>[]) => new Map(runs.map((run) => [run.metadata.name, run]));

describe("the name of a host run", () => {
  const key = { targetIndex: 0, host: "host-0", attempt: 1, podUid: "uid-1" };

  test("is always the same, and another for another pod, attempt, host, target or run", () => {
    const names = [
      hostRunName(OWNER, key),
      hostRunName(OWNER, { ...key, podUid: "uid-2" }),
      hostRunName(OWNER, { ...key, attempt: 2 }),
      hostRunName(OWNER, { ...key, host: "host-1" }),
      hostRunName(OWNER, { ...key, targetIndex: 1 }),
      hostRunName({ ...OWNER, uid: "uid-other" }, key),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(hostRunName(OWNER, key)).toBe(names[0]);
  });

  test("fits however long the run's is", () => {
    expect(hostRunName({ ...OWNER, name: "n".repeat(253) }, key).length).toBeLessThanOrEqual(63);
  });

  test("needs a pod: a host without one has no order", () => {
    expect(keyOfEntry(0, { hostname: "host-0" })).toBeUndefined();
    expect(keyOfEntry(0, { hostname: "host-0", podUID: "uid-1" })).toMatchObject({ attempt: 1, podUid: "uid-1" });
  });
});

describe("what is written", () => {
  test("an order that is not there yet, owned by its run and found by its pod's uid", () => {
    expect(planHostRuns(OWNER, [ORDER], known())).toMatchObject([
      {
        kind: "create",
        object: {
          metadata: {
            namespace: "demo",
            labels: { "stash.appscode.com/pod-uid": "uid-1" },
            ownerReferences: [{ kind: "BackupSession", uid: "uid-session", controller: true }],
          },
        },
      },
    ]);
  });

  test("no empty text, which servers of 1.20 take for null", () => {
    const hooks = { before: { httpGet: { port: 80, path: "", httpHeaders: [{ name: "a", value: "b" }] } } };
    const spec = { ...ORDER.spec, hooks, hookContext: { error: "", phase: "Succeeded" } };
    const [change] = planHostRuns(OWNER, [{ ...ORDER, spec }], known());
    expect(change?.kind === "create" && change.object.spec).toMatchObject({
      hooks: { before: { httpGet: { port: 80, httpHeaders: [{ name: "a", value: "b" }] } } },
      hookContext: { phase: "Succeeded" },
    });
    expect(JSON.stringify(change)).not.toContain('""');
  });

  test("nothing when it is there, even if what it was made of has changed since", () => {
    const order = { ...ORDER, spec: { ...ORDER.spec, host: "another", deadline: "2024-04-30T04:00:00Z" } };
    expect(planHostRuns(OWNER, [order], known(aHostRun()))).toEqual([]);
  });

  test("only actions, their parameters, a cancel and the end change later", () => {
    const spec = { ...ORDER.spec, actions: ["ApplyRetentionPolicy"], isOver: true } as const;
    expect(planHostRuns(OWNER, [{ ...ORDER, spec }], known(aHostRun()))).toEqual([
      {
        kind: "patch",
        name: "nightly-1-abc",
        uid: "uid-nightly-1-abc",
        spec: { actions: ["ApplyRetentionPolicy"], isOver: true },
      },
    ]);
  });

  test("an order that nobody gives any more is cancelled once, unless its pod has ended", () => {
    const [change] = planHostRuns(OWNER, [], known(aHostRun()));
    expect(change).toMatchObject({ kind: "withdraw", spec: { cancel: { reason: "EXECUTOR_LOST" } } });
    const cancel = { reason: "EXECUTOR_LOST", message: "" };
    expect(planHostRuns(OWNER, [], known(aHostRun({ spec: { cancel } })))).toEqual([]);
    expect(planHostRuns(OWNER, [], known(aHostRun({ status: { phase: "Succeeded" } })))).toEqual([]);
  });

  test("what lets a pod go is not taken back", () => {
    const release = aHostRun({ spec: { release: { mode: "Always", message: "" } } });
    expect(planHostRuns(OWNER, [], known(release))).toEqual([]);
  });

  test("D18: a global hook that runs keeps its order; that of one that was given up is taken back", () => {
    const hook = aHostRun({ spec: { work: "Hook" } });
    expect(planHostRuns(OWNER, [], known(hook), [hook.metadata.name])).toEqual([]);
    expect(planHostRuns(OWNER, [], known(hook))).toMatchObject([
      { kind: "withdraw", spec: { cancel: { reason: "HOOK_FAILED" } } },
    ]);
  });
});

describe("what is ordered", () => {
  test("the end of the work when the host was given up before its pod told an end", () => {
    const failed = { hostname: "host-0", phase: "Failed", reason: "DEADLINE_EXCEEDED", error: "late" } as const;
    expect(cancelOf(failed, aHostRun())).toEqual({ cancel: { reason: "DEADLINE_EXCEEDED", message: "late" } });
    expect(cancelOf(failed, aHostRun({ status: { phase: "Failed" } }))).toEqual({});
    expect(cancelOf({ ...failed, phase: "Running" }, aHostRun())).toEqual({});
    expect(cancelOf(failed, undefined)).toEqual({});
  });

  test("actions but those that another pod has ended", () => {
    const entry = {
      actions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"],
      results: [{ action: "ApplyRetentionPolicy", phase: "Succeeded" }],
    } as const;
    expect(actionsOf(entry, undefined)).toEqual({ actions: ["SendRepositoryMetrics"] });
    const own = aHostRun({ status: { results: [{ action: "ApplyRetentionPolicy", phase: "Succeeded" }] } });
    expect(actionsOf(entry, own)).toEqual({ actions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"] });
  });

  test("only the part of a hook that runs in the pod: no command for another container goes to an agent", () => {
    const exec = { command: ["sync"] };
    expect(hooksOrder({ exec }, { exec, containerName: "app", executionPolicy: "Always" }, [])).toEqual({});
    expect(hooksOrder({ exec, containerName: "stash" }, undefined, [])).toEqual({
      hooks: { before: { exec, containerName: "stash" } },
    });
    const httpGet = { port: 80 };
    expect(hooksOrder(undefined, { exec, httpGet, executionPolicy: "OnFailure" }, [])).toEqual({
      hooks: { after: { httpGet }, afterPolicy: "OnFailure" },
    });
  });

  test("E3: ports of hooks as numbers, which only the pod's containers tell", () => {
    const ports = [
      { container: "proxy", name: "admin", number: 15_000 },
      { container: "app", name: "admin", number: 8_081 },
    ];
    const before = { containerName: "app", httpPost: { port: "admin", body: "freeze" } };
    expect(hooksOrder(before, { tcpSocket: { port: "admin" } }, ports)).toEqual({
      hooks: {
        before: { containerName: "app", httpPost: { port: 8_081, body: "freeze" } },
        after: { tcpSocket: { port: 15_000 } },
      },
    });
  });
});
