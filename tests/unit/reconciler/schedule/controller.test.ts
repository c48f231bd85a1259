import { describe, expect, test } from "vitest";
import { createScheduleController } from "../../../../reconciler/schedule/controller.ts";
import type { Clock } from "../../../../shared/clock.ts";
import { createLogger } from "../../../../shared/log.ts";
import { ManualClock, settle } from "../../../support/kube/manual-clock.ts";
import { aBatch, FakeCluster, refusal } from "./fake-cluster.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START = Date.parse("2026-01-01T00:00:00Z");

/** A wall clock that can jump while steady time goes on. */
class JumpingClock extends ManualClock implements Clock {
  jumpMs = 0;

  override now(): number {
    return super.now() + this.jumpMs;
  }
}

function sessionName(invoker: string, dueAtMs: number): string {
  return `${invoker}-${dueAtMs / 1_000}`;
}

function aWorld(clock: ManualClock = new ManualClock()) {
  const cluster = new FakeCluster(clock);
  const started: { readonly lateMs: number }[] = [];
  const missed: number[] = [];
  const make = (startsSessions = true) =>
    createScheduleController({
      world: cluster.world,
      client: cluster.client,
      clock,
      log: createLogger("test", "error"),
      startsSessions,
      observer: {
        onStarted: (_id, _dueAtMs, lateMs) => started.push({ lateMs }),
        onMissed: (_id, runs) => missed.push(runs),
      },
    });
  return { clock, cluster, started, missed, make };
}

describe("the running schedule", () => {
  test("starts a session at each due time, with upstream's labels, owner and what made it", async () => {
    const { clock, cluster, started, make } = aWorld();
    cluster.put(aBatch("nightly", { retryConfig: { maxRetry: 2 } }));
    const controller = make();
    await controller.start();
    await clock.advance(2 * HOUR_MS + 1);
    expect(cluster.sessionNames).toEqual([
      sessionName("nightly", START + HOUR_MS),
      sessionName("nightly", START + 2 * HOUR_MS),
    ]);
    expect(cluster.sessions.get(sessionName("nightly", START + HOUR_MS))).toMatchObject({
      metadata: {
        namespace: "demo",
        labels: {
          "stash.appscode.com/invoker-type": "BackupBatch",
          "stash.appscode.com/invoker-name": "nightly",
          "app.kubernetes.io/component": "stash-backup",
          "app.kubernetes.io/managed-by": "stash.appscode.com",
        },
        ownerReferences: [{ kind: "BackupBatch", name: "nightly", uid: "uid-nightly", controller: true }],
      },
      spec: {
        invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "nightly" },
        trigger: "Scheduled",
        dueTime: "2026-01-01T01:00:00Z",
        retryLeft: 2,
      },
    });
    expect(started.every(({ lateMs }) => lateMs >= 0 && lateMs < 100)).toBe(true);
    await controller.stop();
  });

  test("shows the next five runs and the last one in the status", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make();
    await controller.start();
    await clock.advance(1_000);
    expect(cluster.get("BackupBatch", "nightly").status?.nextRuns).toEqual([
      "2026-01-01T01:00:00Z",
      "2026-01-01T02:00:00Z",
      "2026-01-01T03:00:00Z",
      "2026-01-01T04:00:00Z",
      "2026-01-01T05:00:00Z",
    ]);
    await clock.advance(HOUR_MS);
    const { status } = cluster.get("BackupBatch", "nightly");
    expect(status?.nextRuns?.[0]).toBe("2026-01-01T02:00:00Z");
    expect(status?.lastScheduleTime).toBe("2026-01-01T01:00:00Z");
    await controller.stop();
  });

  test("writes no status and starts nothing while nothing is due", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make();
    await controller.start();
    await clock.advance(50 * MINUTE_MS);
    expect(cluster.statusWrites).toBe(1);
    expect(cluster.sessions.size).toBe(0);
    expect(clock.pending).toBe(1);
    await controller.stop();
    expect(clock.pending).toBe(0);
  });

  test("keeps one timer for many invokers", async () => {
    const { clock, cluster, make } = aWorld();
    for (let index = 0; index < 200; index += 1)
      cluster.put(aBatch(`batch-${index}`, { schedule: `${index % 60} * * * *` }));
    const controller = make();
    await controller.start();
    await clock.advance(10);
    expect(clock.pending).toBe(1);
    await clock.advance(HOUR_MS);
    expect(cluster.sessions.size).toBe(200);
    await controller.stop();
  });

  test("tries again when the API server fails, and doubles nothing", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make();
    await controller.start();
    await clock.advance(59 * MINUTE_MS);
    cluster.faults.push(refusal(500, "InternalError"), refusal(503, "ServiceUnavailable"), refusal(409, "Conflict"));
    await clock.advance(5 * MINUTE_MS);
    expect(cluster.sessionNames).toEqual([sessionName("nightly", START + HOUR_MS)]);
    expect(cluster.get("BackupBatch", "nightly").status?.lastScheduleTime).toBe("2026-01-01T01:00:00Z");
    await controller.stop();
  });

  test("a slot that falls into a running session still makes its session, which tells why it is skipped", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make();
    await controller.start();
    await clock.advance(HOUR_MS + 1_000);
    const first = cluster.sessions.get(sessionName("nightly", START + HOUR_MS));
    if (first !== undefined) cluster.sessions.set(first.metadata.name, { ...first, status: { phase: "Running" } });
    await clock.advance(HOUR_MS);
    expect(cluster.sessions.size).toBe(2);
    await controller.stop();
  });
});

describe("two leaders and restarts", () => {
  test("two controllers that both believe to lead start each session once", async () => {
    const { clock, cluster, started, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controllers = [make(), make()];
    for (const controller of controllers) await controller.start();
    await clock.advance(3 * HOUR_MS + 1_000);
    expect(cluster.sessions.size).toBe(3);
    expect(started).toHaveLength(3);
    for (const controller of controllers) await controller.stop();
  });

  test("a restart after an outage starts the newest missed run once and counts the older ones", async () => {
    const { clock, cluster, missed, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const before = make();
    await before.start();
    await clock.advance(HOUR_MS + 1_000);
    await before.stop();
    await clock.advance(5 * HOUR_MS);
    const after = make();
    await after.start();
    await clock.advance(1_000);
    expect(cluster.sessionNames).toEqual([
      sessionName("nightly", START + HOUR_MS),
      sessionName("nightly", START + 6 * HOUR_MS),
    ]);
    expect(missed).toEqual([4]);
    expect(cluster.get("BackupBatch", "nightly").status?.missedRuns).toBe(4);
    await after.stop();
  });

  test("a leader that dies between session and status leaves nothing to double", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const before = make();
    await before.start();
    await clock.advance(HOUR_MS - 1_000);
    const { status } = cluster.get("BackupBatch", "nightly");
    await clock.advance(2_000);
    await before.stop();
    // The status as it was before the run: the write was lost.
    cluster.put({ ...aBatch("nightly"), ...(status !== undefined && { status }) });
    const after = make();
    await after.start();
    await clock.advance(1_000);
    expect(cluster.sessions.size).toBe(1);
    expect(cluster.get("BackupBatch", "nightly").status?.nextRuns?.[0]).toBe("2026-01-01T02:00:00Z");
    await after.stop();
  });
});

describe("names", () => {
  test("a BackupConfiguration and a BackupBatch of one name both get their session", async () => {
    const { clock, cluster, make } = aWorld();
    const batch = aBatch("web");
    cluster.put(batch);
    cluster.put({
      ...batch,
      kind: "BackupConfiguration",
      metadata: { ...batch.metadata, uid: "uid-configuration" },
      spec: { schedule: "0 * * * *", retentionPolicy: { name: "keep", prune: true } },
    });
    const controller = make();
    await controller.start();
    await clock.advance(HOUR_MS + 1_000);
    const kinds = [...cluster.sessions.values()].map(({ spec }) => spec.invoker?.kind).sort();
    expect(kinds).toEqual(["BackupBatch", "BackupConfiguration"]);
    await controller.stop();
  });

  test("L17: long invoker names with the same beginning don't share a session", async () => {
    const { clock, cluster, make } = aWorld();
    const beginning = "a".repeat(60);
    for (const end of ["one", "two", "three"]) cluster.put(aBatch(`${beginning}-${end}`));
    const controller = make();
    await controller.start();
    await clock.advance(HOUR_MS + 1_000);
    const invokers = [...cluster.sessions.values()].map(({ spec }) => spec.invoker?.name);
    expect(new Set(invokers).size).toBe(3);
    expect(cluster.sessionNames.every((name) => name.length <= 63)).toBe(true);
    await controller.stop();
  });
});

describe("what changes while it runs", () => {
  test("paused stops the schedule, and nothing is made up for afterwards", async () => {
    const { clock, cluster, missed, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make();
    await controller.start();
    await clock.advance(1_000);
    const { status } = cluster.get("BackupBatch", "nightly");
    cluster.put({ ...aBatch("nightly", { paused: true }), ...(status !== undefined && { status }) });
    await clock.advance(3 * HOUR_MS);
    expect(cluster.sessions.size).toBe(0);
    expect(cluster.get("BackupBatch", "nightly").status?.nextRuns).toEqual([]);
    await controller.stop();
    expect(missed).toEqual([]);
  });

  test("a restore holds the due run until it has ended, then the newest one starts", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("nightly"));
    cluster.setRestore("RestoreBatch demo/back");
    const controller = make();
    await controller.start();
    await clock.advance(2 * HOUR_MS + 30 * MINUTE_MS);
    expect(cluster.sessions.size).toBe(0);
    cluster.setRestore(undefined);
    await clock.advance(1_000);
    expect(cluster.sessionNames).toEqual([sessionName("nightly", START + 2 * HOUR_MS)]);
    await controller.stop();
  });

  test("a schedule that can't be read takes the promise back and harms no other invoker", async () => {
    const { clock, cluster, make } = aWorld();
    cluster.put(aBatch("broken"));
    cluster.put(aBatch("fine"));
    const controller = make();
    await controller.start();
    await clock.advance(1_000);
    const broken = aBatch("broken", { schedule: "0 0 31 2 *" });
    const { status } = cluster.get("BackupBatch", "broken");
    cluster.put({ ...broken, ...(status !== undefined && { status }) });
    await clock.advance(HOUR_MS);
    expect(cluster.get("BackupBatch", "broken").status?.nextRuns).toEqual([]);
    expect(cluster.sessionNames).toEqual([sessionName("fine", START + HOUR_MS)]);
    await controller.stop();
  });

  test("an invoker that is deleted or being deleted starts nothing", async () => {
    const { clock, cluster, make } = aWorld();
    const gone = aBatch("gone");
    const going = aBatch("going");
    cluster.put(gone);
    cluster.put(going);
    const controller = make();
    await controller.start();
    await clock.advance(1_000);
    cluster.remove(gone);
    cluster.put({ ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-01-01T00:10:00Z" } });
    await clock.advance(2 * HOUR_MS);
    expect(cluster.sessions.size).toBe(0);
    await controller.stop();
  });

  test("where CronJobs trigger, due times are announced and nothing is started or counted as missed", async () => {
    const { clock, cluster, missed, make } = aWorld();
    cluster.put(aBatch("nightly"));
    const controller = make(false);
    await controller.start();
    await clock.advance(2 * HOUR_MS + 1_000);
    expect(cluster.sessions.size).toBe(0);
    expect(missed).toEqual([]);
    expect(cluster.get("BackupBatch", "nightly").status?.nextRuns?.[0]).toBe("2026-01-01T03:00:00Z");
    await controller.stop();
  });
});

describe("a wall clock that jumps by an hour", () => {
  test.each([HOUR_MS, -HOUR_MS])("doubles and loses nothing (%i ms)", async (jumpMs) => {
    const clock = new JumpingClock();
    const { cluster, make } = aWorld(clock);
    cluster.put(aBatch("nightly", { schedule: "*/30 * * * *" }));
    const controller = make();
    await controller.start();
    await clock.advance(2 * HOUR_MS + 5 * MINUTE_MS);
    clock.jumpMs += jumpMs;
    await clock.advance(2 * HOUR_MS);
    await settle();
    const due = [...cluster.sessions.values()].map(({ spec }) => spec.dueTime);
    expect(new Set(due).size).toBe(due.length);
    // Ahead: the hour that never was holds two slots, of which the newest runs. Back: the hour is lived twice, run once.
    const hours = jumpMs > 0 ? 5 : 3;
    expect(due).toContain(new Date(START + hours * HOUR_MS).toISOString().replace(".000Z", "Z"));
    expect(due).toHaveLength(jumpMs > 0 ? 9 : 6);
    await controller.stop();
  });
});
