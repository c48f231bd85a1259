import { describe, expect, test } from "vitest";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const REF = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" };

/** A restore of a StatefulSet from a point that has data of three hosts. */
class Stage {
  readonly db: { kind: string; namespace: string; name: string; replicas: number };
  readonly simulation: RestoreSimulation;

  constructor(replicas: number, spec: object = {}) {
    this.db = { kind: "StatefulSet", namespace: "demo", name: "db", replicas };
    const restore = parseRestoreBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: {
        name: "back",
        namespace: "demo",
        uid: "uid",
        creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
      },
      spec: { repository: { name: "store" }, session: "nightly", members: [{ target: { ref: REF } }], ...spec },
    });
    this.simulation = new RestoreSimulation(restore, [this.db]);
    const stats = [0, 1, 2].map((at) => {
      return { hostname: `host-${at}`, phase: "Succeeded", snapshots: [{ name: `s${at}`, path: "/data" }] };
    });
    this.simulation.sessions.push(
      parseBackupSession({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: { name: "nightly", namespace: "demo", creationTimestamp: "2024-04-29T02:00:00Z" },
        spec: {},
        status: { phase: "Succeeded", targets: [{ ref: REF, phase: "Succeeded", totalHosts: 3, stats }] },
      }),
    );
    this.simulation.settle();
  }

  get hostnames(): readonly (string | undefined)[] {
    return this.simulation.hosts().map(({ host }) => host.hostname);
  }

  get told() {
    const { phase, conditions } = this.simulation.status;
    return { phase, whole: findCondition(conditions, "PointRestoredWhole") };
  }

  scale(replicas: number): void {
    this.db.replicas = replicas;
    this.simulation.settle();
  }

  restore(at: number): void {
    this.simulation.rollOut(this.db, at);
    this.simulation.settle();
    const place = this.simulation.hosts().find(({ host }) => host.hostname === `host-${at}`);
    if (place === undefined) throw new Error(`host-${at} is not restored`);
    this.simulation.report(place, (host) => ({ ...host, phase: "Succeeded" }));
    this.simulation.settle();
  }
}

describe("a restore into fewer replicas than its point has hosts", () => {
  test("tells whose data it did not bring", () => {
    const stage = new Stage(1);
    stage.restore(0);
    expect(stage.told.phase).toBe("Succeeded");
    expect(stage.told.whole).toMatchObject({ status: "False", reason: "HostsNotRestored" });
    expect(stage.told.whole?.message).toMatch(/host-1, host-2 of StatefulSet demo\/db/);
    const events = stage.simulation.passes.flatMap(({ actions }) =>
      actions.flatMap((action) => (action.kind === "EmitEvent" ? [action.reason] : [])),
    );
    expect(events).toContain("Hosts Not Restored");
  });

  test("brings it to replicas that are added before its end", () => {
    const stage = new Stage(1);
    stage.scale(3);
    expect(stage.hostnames).toEqual(["host-0", "host-1", "host-2"]);
    for (const at of [0, 1]) stage.restore(at);
    expect(stage.told.phase).toBe("Running");
    stage.restore(2);
    expect(stage.told).toEqual({ phase: "Succeeded", whole: undefined });
  });

  test("does not wait for replicas that are taken away before their turn, and tells of them", () => {
    const stage = new Stage(3);
    stage.scale(1);
    expect(stage.hostnames).toEqual(["host-0"]);
    stage.restore(0);
    expect(stage.told).toMatchObject({ phase: "Succeeded", whole: { status: "False" } });
  });

  test("waits for those that are wanted again where the workload was stopped", () => {
    const stage = new Stage(3);
    stage.scale(0);
    expect(stage.told.phase).toBe("Pending");
    expect(stage.simulation.status).toMatchObject({ reason: "PodNotReady" });
    stage.scale(3);
    expect(stage.hostnames).toEqual(["host-0", "host-1", "host-2"]);
  });

  test("stays at work where it was stopped after a host had its turn", () => {
    const stage = new Stage(3);
    stage.restore(0);
    stage.scale(0);
    expect(stage.hostnames).toHaveLength(3);
    expect(stage.told.phase).toBe("Running");
  });

  test("tells nothing of hosts whose place a rule gives to another host's data", () => {
    const rules = [{ sourceHost: "host-0" }];
    const stage = new Stage(1, { members: [{ target: { ref: REF, rules } }] });
    stage.restore(0);
    expect(stage.told).toEqual({ phase: "Succeeded", whole: undefined });
  });

  test("tells nothing where rules name paths and no point", () => {
    const rules = [{ paths: ["/data"] }];
    const stage = new Stage(1, { session: undefined, members: [{ target: { ref: REF, rules } }] });
    stage.restore(0);
    expect(stage.told).toEqual({ phase: "Succeeded", whole: undefined });
  });
});

test("a workload without replicas is waited for as long as one that does not exist, then given up", () => {
  for (const isStopped of [false, true]) {
    const stage = new Stage(isStopped ? 1 : 0, { timeOut: "0" });
    stage.scale(0);
    stage.simulation.nowMs += 23 * 3_600_000;
    stage.simulation.settle();
    expect(stage.told.phase).toBe("Pending");
    stage.simulation.nowMs += 2 * 3_600_000;
    stage.simulation.settle();
    expect(stage.told.phase).toBe("Failed");
    expect(stage.simulation.status).toMatchObject({ reason: "NO_REPLICAS" });
  }
});
