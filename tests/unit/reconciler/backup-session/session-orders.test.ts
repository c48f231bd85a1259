import { describe, expect, test } from "vitest";
import { sessionOrders } from "../../../../reconciler/backup-session/host-runs.ts";
import { buildHostRun } from "../../../../reconciler/run/host-runs.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { BackupMember } from "../../../../shared/api/member.ts";
import { sourceOf } from "../../../../shared/injection/mounts.ts";
import { theSessionBefore } from "../../../support/simulation/session-history.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const MEMBER: BackupMember = {
  target: { alias: "agent", ref: { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent" }, paths: ["/data"] },
};

function aSession(
  replicas: number,
  member: BackupMember = MEMBER,
  prepare: (simulation: SessionSimulation) => void = () => undefined,
): SessionSimulation {
  const batch: BackupBatch = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      members: [member],
    },
  };
  const simulation = new SessionSimulation({
    batch,
    workloads: [{ kind: "DaemonSet", namespace: "demo", name: "agent", replicas }],
  });
  prepare(simulation);
  simulation.settle();
  return simulation;
}

const ordersOf = (simulation: SessionSimulation) => sessionOrders(simulation.view(), simulation.status, new Map());
const atWork = (simulation: SessionSimulation) =>
  simulation.hosts().filter(({ host }) => host.podUID !== undefined && host.phase === "Pending");

function openRepository(simulation: SessionSimulation): void {
  simulation.report({ targetIndex: 0, hostIndex: 0 }, (host) => ({
    ...host,
    results: [{ action: "InitializeBackendRepository", phase: "Succeeded" }],
  }));
  simulation.settle();
}

test("C01: an order names the application's volumes that its paths do not hold", () => {
  const simulation = aSession(1);
  const view = simulation.view();
  const outer = sourceOf({ name: "data" });
  const nestedMounts = [{ outer, below: "/uploads", volume: "uploads", path: "/data/uploads" }];
  const mounts = new Map([["/data", outer]]);
  const pods = new Map(
    [...view.pods].map(([uid, pod]) => [
      uid,
      { ...pod, nestedMounts, ...(pod.sidecar !== undefined && { sidecar: { ...pod.sidecar, mounts } }) },
    ]),
  );
  const backupOf = (changed: typeof view) => sessionOrders(changed, simulation.status, new Map())[0]?.spec.backup;
  expect(backupOf({ ...view, pods })?.leftOut).toEqual([expect.stringMatching(/^\/data lacks volume uploads,/)]);
  expect(backupOf(view)?.leftOut).toBeUndefined();
});

describe("the orders of a session", () => {
  test("go to the first host alone until the repository is open, then to all that are at work", () => {
    const simulation = aSession(3);
    const first = simulation.hosts()[0]?.host.hostname;
    expect(ordersOf(simulation).map(({ spec }) => spec)).toMatchObject([
      { host: first, actions: ["InitializeBackendRepository"] },
    ]);
    openRepository(simulation);
    expect(ordersOf(simulation)).toHaveLength(3);
  });

  test("go to all hosts at once where the session before found the very repository", () => {
    const simulation = aSession(3, MEMBER, (session) => session.siblings.push(theSessionBefore(session)));
    expect(ordersOf(simulation).map(({ spec }) => [spec.work, spec.actions])).toEqual([
      ["Backup", ["InitializeBackendRepository"]],
      ["Backup", undefined],
      ["Backup", undefined],
    ]);
  });

  test.each([
    ["that session did not find it", { isThere: false }],
    ["that session had another backend", { repository: '{"name":"store"}' }],
  ])("go to the first host alone where %s", (_why, change) => {
    const simulation = aSession(3, MEMBER, (session) => {
      const before = theSessionBefore(session);
      session.siblings.push({ ...before, looked: { repository: "", isThere: true, ...before.looked, ...change } });
    });
    expect(ordersOf(simulation)).toHaveLength(1);
  });

  test("go to the first host alone where a newer session did not find it any more", () => {
    const simulation = aSession(3, MEMBER, (session) => {
      const before = theSessionBefore(session);
      const looked = { repository: before.looked?.repository ?? "", isThere: false };
      session.siblings.push(before, { ...before, name: "since", createdAtMs: before.createdAtMs + 1, looked });
    });
    expect(ordersOf(simulation)).toHaveLength(1);
  });

  test("wait for the first host where the member has hooks: they would run twice if the repository is gone", () => {
    const hooks = { preBackup: { httpGet: { path: "/lock", port: 80 } } };
    const simulation = aSession(3, { ...MEMBER, hooks }, (session) => session.siblings.push(theSessionBefore(session)));
    expect(ordersOf(simulation)).toHaveLength(1);
  });

  test("come once more for hosts that found the known repository gone, when the first one has made it", () => {
    const simulation = aSession(3, MEMBER, (session) => session.siblings.push(theSessionBefore(session)));
    const gone = { phase: "Failed", reason: "REPOSITORY_NOT_FOUND", error: "there is no repository" } as const;
    for (const hostIndex of [1, 2]) {
      simulation.report({ targetIndex: 0, hostIndex }, (host) => ({ ...host, ...gone }));
    }
    simulation.settle();
    expect(ordersOf(simulation)).toHaveLength(1);
    expect(simulation.status.targets?.[0]?.phase).toBe("Running");
    openRepository(simulation);
    expect(ordersOf(simulation).map(({ spec }) => spec.attempt)).toEqual([1, 2, 2]);
    simulation.report({ targetIndex: 0, hostIndex: 1 }, (host) => ({ ...host, ...gone }));
    simulation.settle();
    expect(simulation.hosts()[1]?.host).toMatchObject(gone);
  });

  test("D25: say how many hosts the target has, how many targets the session, and which cluster it is", () => {
    const simulation = aSession(3);
    const [order] = sessionOrders({ ...simulation.view(), clusterId: "this" }, simulation.status, new Map());
    expect(order?.spec).toMatchObject({ targetIndex: 0, backup: { cluster: "this", hosts: 3, members: 1 } });
  });

  test("20 hosts of one target are at work at the same time, and the next comes when one ends", () => {
    const simulation = aSession(45);
    expect(atWork(simulation)).toHaveLength(20);
    openRepository(simulation);
    expect(ordersOf(simulation)).toHaveLength(20);
    const at = { targetIndex: 0, hostIndex: 3 };
    simulation.report(at, (host) => ({ ...host, phase: "Succeeded", snapshots: [{ name: "a", path: "/data" }] }));
    simulation.settle();
    expect(atWork(simulation)).toHaveLength(20);
    expect(simulation.hosts()[20]?.host.podUID).toBeDefined();
    expect(simulation.hosts()[21]?.host.podUID).toBeUndefined();
  });

  test("D2: say what the Repository and the invoker say, whatever stands in the session's status", () => {
    const simulation = aSession(1);
    const evil = { backend: { rest: { url: "http://attacker.example/" } } };
    const hooks = { preBackup: { exec: { command: ["steal"] }, containerName: "stash" } };
    const { session } = simulation;
    const targets = (session.status?.targets ?? []).map((target) => ({
      ...target,
      member: { target: { paths: ["/etc"], args: ["--evil"] }, hooks },
    }));
    simulation.session = { ...session, status: { ...session.status, repository: evil, targets } };
    const [order] = ordersOf(simulation);
    expect(order?.spec).toMatchObject({
      repository: { name: "store", namespace: "demo", backend: { rest: { url: "http://store:8000/" } } },
      backup: { paths: ["/data"] },
    });
    expect(JSON.stringify(order)).not.toMatch(/attacker|steal|evil|\/etc/);
  });

  test("say nothing of what to back up when the invoker no longer names the target", () => {
    const simulation = aSession(1);
    simulation.batch = simulation.batch && { ...simulation.batch, spec: { ...simulation.batch.spec, members: [] } };
    expect(ordersOf(simulation)[0]?.spec.backup).toBeUndefined();
  });
});

test("C02: an order's paths have one form, however the member writes them", () => {
  const target = { ...MEMBER.target, paths: ["/data/", "//data", "/b"] };
  const [order] = ordersOf(aSession(1, { ...MEMBER, target }));
  expect(order?.spec.backup?.paths).toEqual(["/data", "/b"]);
});

test("D10: the order to keep the repository in order names every host of a large target, and is one that is taken", () => {
  const simulation = aSession(1_100);
  openRepository(simulation);
  for (let round = 0; round < 200 && atWork(simulation).length > 0; round += 1) {
    for (const at of atWork(simulation)) {
      simulation.report(at, (host) => ({ ...host, phase: "Succeeded", snapshots: [{ name: "a", path: "/data" }] }));
    }
    simulation.settle();
  }
  const order = ordersOf(simulation).find(({ spec }) => spec.actions?.includes("ApplyRetentionPolicy"));
  if (order === undefined) throw new Error("nobody keeps the repository in order");
  expect(order.spec.retention?.hosts).toHaveLength(1_100);
  const owner = { apiVersion: "", kind: "BackupSession", namespace: "demo", name: "nightly-1", uid: "uid-session" };
  expect(buildHostRun(owner, order).spec.retention?.hosts).toHaveLength(1_100);
});
