/** Snapshots that users deleted: when they are removed, what is believed of it, and what becomes of the orders. */
import { describe, expect, test } from "vitest";
import { actOnMaintenance } from "../../../../reconciler/maintenance/act.ts";
import { decideMaintenance } from "../../../../reconciler/maintenance/decide.ts";
import { sortDeletions } from "../../../../reconciler/maintenance/deletions.ts";
import { maintenanceRunName } from "../../../../reconciler/maintenance/names.ts";
import { seenHostRun } from "../../../../reconciler/world/without-points.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { type MaintenanceRun, parseRepository, type RepositoryStatus } from "../../../../shared/api/repository.ts";
import { Annotation } from "../../../../shared/contract.ts";
import { createLogger } from "../../../../shared/log.ts";
import {
  buildDeletionOrder,
  type DeletionOrder,
  readDeletionOrder,
} from "../../../../shared/snapshots/deletion-order.ts";
import { FakeApi } from "../fake-api.ts";
import { aHostRun, aJob, aRepository, aView, NOW } from "./builders.ts";

const OWN = "stash-batch";
const idOf = (number: number) => number.toString(16).padStart(64, "0");

function orderObject(number: number, createdAt = NOW.toISOString(), uid = "uid-store") {
  const object = buildDeletionOrder(OWN, { namespace: "vault", name: "store", uid }, idOf(number), "owner");
  return { ...object, metadata: { ...object.metadata, creationTimestamp: createdAt, uid: `uid-${number}` } };
}

function anOrder(number: number, createdAt?: string, uid?: string): DeletionOrder {
  const order = readDeletionOrder(orderObject(number, createdAt, uid));
  if (order === undefined) throw new Error("no order");
  return order;
}

const RUN: MaintenanceRun = { phase: "Running", startedAt: "2026-01-10T01:50:00.000Z", actions: ["DeleteSnapshots"] };
const GIVEN: MaintenanceRun = { ...RUN, pod: "pod", podUID: "uid-pod", assignedAt: "2026-01-10T01:50:05.000Z" };
const WINDOW = { maintenance: { window: { from: "03:00", until: "04:00" } } };
const failed = (finishedAt: string, actions: MaintenanceRun["actions"] = RUN.actions): RepositoryStatus => ({
  maintenanceRuns: [{ ...RUN, actions: actions ?? [], phase: "Failed", finishedAt }],
});

describe("removing what somebody deleted", () => {
  const deletions = [anOrder(1)];

  test("begins at once, whatever the window, and waits for those who use the repository alone", () => {
    const view = aView(aRepository({}, WINDOW), { deletions, restSinceMs: NOW.getTime() });
    expect(decideMaintenance(view, NOW)).toMatchObject({ kind: "claim", run: { actions: ["DeleteSnapshots"] } });
    expect(decideMaintenance({ ...view, user: "BackupSession demo/s" }, NOW)).toMatchObject({ kind: "wait" });
    expect(decideMaintenance({ ...view, deletions: [] }, NOW)).toMatchObject({ kind: "wait", why: "nothing is due" });
  });

  test("takes nothing out of a repository that was found damaged", () => {
    const damaged = { integrity: false, lastCheckTime: "2026-01-10T01:30:00Z" };
    expect(decideMaintenance(aView(aRepository(damaged), { deletions }), NOW)).toMatchObject({ kind: "wait" });
  });

  test("is tried again a minute after it failed, and is not held up by a check that failed", () => {
    const decided = (status: RepositoryStatus) => decideMaintenance(aView(aRepository(status), { deletions }), NOW);
    expect(decided(failed("2026-01-10T01:59:30Z"))).toMatchObject({ kind: "wait", requeueAfterMs: 30_000 });
    expect(decided(failed("2026-01-10T01:58:30Z"))).toMatchObject({ kind: "claim" });
    expect(decided(failed("2026-01-10T01:59:30Z", ["VerifyRepositoryIntegrity"]))).toMatchObject({ kind: "claim" });
  });

  test("goes on while the window is closed, and only while there is an order", () => {
    const repository = aRepository({ maintenanceRuns: [GIVEN] }, WINDOW);
    const view = { jobs: [aJob(repository)], hostRuns: [aHostRun([])] };
    expect(decideMaintenance(aView(repository, { ...view, deletions }), NOW)).toMatchObject({ kind: "wait" });
    // Whoever writes a status gets no work done by it.
    expect(decideMaintenance(aView(repository, view), NOW)).toMatchObject({ kind: "end", servedDeletions: [] });
  });
});

test("an order is for the Repository that it was given for, and for a week", () => {
  const orders = [
    anOrder(1),
    anOrder(2, "2026-01-02T00:00:00Z"),
    anOrder(3, undefined, "of another"),
    anOrder(4, "2026-01-09T00:00:00Z"),
  ];
  const { open, dropped } = sortDeletions(orders, aRepository(), NOW);
  expect(open.map(({ snapshot }) => snapshot)).toEqual([idOf(4), idOf(1)]);
  expect(dropped.map(({ order, why }) => [order.snapshot, why])).toEqual([
    [idOf(2), "it failed for a week"],
    [idOf(3), "its Repository is gone"],
  ]);
  expect(sortDeletions(orders, undefined, NOW).dropped).toHaveLength(4);
});

test.each<[string, object]>([
  ["no id", { snapshot: "--prune" }],
  ["a short id", { snapshot: "0123abcd" }],
  ["no Repository", { repository: "" }],
  ["no uid", { repositoryUid: "" }],
])("a ConfigMap with %s is no order", (_what, change) => {
  const object = orderObject(1);
  expect(readDeletionOrder({ ...object, data: { ...object.data, ...change } })).toBeUndefined();
});

describe("the pod of it", () => {
  const repository = aRepository({ maintenanceRuns: [GIVEN] });
  const deletions = [anOrder(1), anOrder(2)];
  const api = new FakeApi();
  const ports = {
    client: { ...api.client, patchStatus: api.client.patch },
    settings: { image: "stash-batch:1", nativeSidecar: false, followsImage: false },
    log: createLogger("test", "error"),
    signal: new AbortController().signal,
    nowMs: NOW.getTime(),
    ownNamespace: OWN,
    cluster: "here",
  };

  test("is given the ids of the orders, and no work where there are none", async () => {
    const view = aView(repository, { jobs: [aJob(repository)], deletions });
    const decision = decideMaintenance(view, NOW);
    if (decision.kind !== "order") throw new Error(decision.kind);
    await actOnMaintenance(ports, view, decision, undefined);
    const name = maintenanceRunName(repository, GIVEN.startedAt, "uid-pod");
    const given = parseHostRun(api.get("hostruns", "vault", name));
    expect(given.spec).toMatchObject({ actions: ["DeleteSnapshots"], actionParams: { snapshots: [idOf(1), idOf(2)] } });
  });

  test("is believed for what it was given: those orders go, after the list says what is left", async () => {
    const listed = (number: number) => ({ id: idOf(number), time: NOW.toISOString(), hostname: "h" });
    const done = { action: "DeleteSnapshots", phase: "Succeeded", removed: 1, finishedAt: NOW.toISOString() } as const;
    const told = { listedPoints: [], listedSnapshots: [listed(2), listed(3)] };
    const base = aHostRun([done], "uid-pod", told);
    const run = parseHostRun({
      ...base,
      spec: {
        ...base.spec,
        run: { kind: "Repository", name: "store", uid: "uid-store" },
        assignedAt: GIVEN.assignedAt,
        repository: { name: "store", namespace: "vault", backend: repository.spec.backend },
        actionParams: { snapshots: [idOf(1)] },
      },
    });
    const stored = { ...repository, status: { ...repository.status, snapshots: [1, 2, 3].map(listed) } };
    api.put("repositories", { ...stored, metadata: { ...stored.metadata } });
    api.put("hostruns", { ...run, metadata: { ...run.metadata } });
    for (const number of [1, 2]) api.put("configmaps", orderObject(number));
    const present = parseRepository(api.get("repositories", "vault", "store"));
    const view = aView(present, { jobs: [aJob(present)], hostRuns: [seenHostRun(run)], deletions });
    const decision = decideMaintenance(view, NOW);
    expect(decision).toMatchObject({ kind: "end", run: { phase: "Succeeded" }, servedDeletions: [deletions[0]] });
    if (decision.kind !== "end") throw new Error(decision.kind);
    await actOnMaintenance(ports, view, decision, undefined);
    const { status } = parseRepository(api.get("repositories", "vault", "store"));
    expect(status?.snapshots?.map(({ id }) => id)).toEqual([idOf(3), idOf(2)]);
    expect(api.names("configmaps")).toEqual([`${OWN}/${deletions[1]?.name}`]);
    const writes = api.writes.filter((write) => !write.includes("hostruns") && !write.includes("jobs"));
    expect(writes.at(-1)).toBe(`delete configmaps ${OWN}/${deletions[0]?.name}`);
  });

  test("that fails leaves the orders", () => {
    const run = aHostRun([
      { action: "DeleteSnapshots", phase: "Failed", reason: "REPOSITORY_LOCKED", message: "locked" },
    ]);
    const view = aView(repository, { jobs: [aJob(repository)], hostRuns: [run], deletions });
    expect(decideMaintenance(view, NOW)).toMatchObject({ kind: "end", run: { phase: "Failed" }, servedDeletions: [] });
  });
});

test("a request for a check stays one beside it", () => {
  const metadata = { annotations: { [Annotation.CheckRequested]: "now" } };
  const asked = aRepository({}, {}, metadata);
  const decision = decideMaintenance(aView(asked, { deletions: [anOrder(1)] }), NOW);
  expect(decision).toMatchObject({
    run: { actions: ["VerifyRepositoryIntegrity", "DeleteSnapshots"], request: "now" },
  });
});
