import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../../../../shared/clock.ts";
import { textAt, valueAt } from "../../../../../shared/json/value.ts";
import { LeaderElection } from "../../../../../shared/kube/election/lease.ts";
import { ManualClock, settle } from "../../../../support/kube/manual-clock.ts";
import { aContender, type Fate, LeaseKeeper, wayTo } from "./lease-world.ts";

describe("one contender", () => {
  test("creates the lease, and renews it for as long as it runs", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    const a = aContender(keeper, clock, "a");
    a.election.start();
    await settle();
    expect(a.calls).toEqual(["acquired"]);
    expect(keeper.object).toMatchObject({
      metadata: { namespace: "stash-batch", name: "lease" },
      spec: {
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        leaseTransitions: 0,
        acquireTime: "2026-01-01T00:00:00.000000Z",
      },
    });
    await clock.advance(60_000);
    expect(a.election.isLeader()).toBe(true);
    expect(a.calls).toEqual(["acquired"]);
    expect(valueAt(keeper.object, "spec", "renewTime")).toBe("2026-01-01T00:01:00.000000Z");
    expect(valueAt(keeper.object, "spec", "acquireTime")).toBe("2026-01-01T00:00:00.000000Z");
  });

  test("leads no more ten seconds after the start of its last renewal, and leads again when it can renew", async () => {
    const clock = new ManualClock();
    const a = aContender(new LeaseKeeper(), clock, "a");
    a.election.start();
    await settle();
    a.fate = "hangs";
    await clock.advance(9_999);
    expect(a.election.isLeader()).toBe(true);
    await clock.advance(1);
    expect(a.election.isLeader()).toBe(false);
    expect(a.calls.filter((call) => call !== "fault")).toEqual(["acquired", "lost: not renewed for 10000 ms"]);
    a.fate = "arrives";
    await clock.advance(10_000);
    expect(a.election.isLeader()).toBe(true);
  });

  test("counts a renewal from its start, however late the answer comes", async () => {
    const clock = new ManualClock();
    const a = aContender(new LeaseKeeper(), clock, "a");
    a.fate = "answeredSlowly";
    a.election.start();
    // Four seconds each to find that there is no lease, and to create it.
    await clock.advance(8_000);
    expect(a.calls).toEqual(["acquired"]);
    a.fate = "lost";
    await clock.advance(5_999);
    expect(a.election.isLeader()).toBe(true);
    expect(a.calls.some((call) => call.startsWith("lost"))).toBe(false);
    await clock.advance(1);
    expect(a.election.isLeader()).toBe(false);
    expect(a.calls.some((call) => call.startsWith("lost"))).toBe(true);
  });

  test("knows that it may not lead after a pause of the whole process, before any timer runs", async () => {
    const clock = new ManualClock();
    let pausedMs = 0;
    const paused: Clock = {
      ...clock,
      now: () => clock.now(),
      after: (ms, task) => clock.after(ms, task),
      monotonic: () => clock.monotonic() + pausedMs,
    };
    const a = aContender(new LeaseKeeper(), paused, "a");
    a.election.start();
    await settle();
    expect(a.election.isLeader()).toBe(true);
    pausedMs = 60_000;
    expect(a.election.isLeader()).toBe(false);
  });

  test("keeps what others wrote on the lease", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    keeper.write({ metadata: { name: "lease", labels: { team: "a" } }, spec: { strategy: "theirs" } }, true);
    const a = aContender(keeper, clock, "a");
    a.election.start();
    await settle();
    expect(keeper.object).toMatchObject({
      metadata: { labels: { team: "a" } },
      spec: { strategy: "theirs", holderIdentity: "a" },
    });
  });

  test("that loses the lease by force says who has it", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    const a = aContender(keeper, clock, "a");
    a.election.start();
    await settle();
    const version = textAt(keeper.object, "metadata", "resourceVersion");
    keeper.write(
      {
        metadata: { name: "lease", resourceVersion: version },
        spec: { holderIdentity: "intruder", leaseDurationSeconds: 15 },
      },
      false,
    );
    await clock.advance(2_000);
    expect(a.calls).toEqual(["acquired", "lost: intruder holds the lease"]);
    expect(a.election.leader()).toBe("intruder");
  });

  test("finds a lease that was deleted and makes it anew", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    const a = aContender(keeper, clock, "a");
    a.election.start();
    await settle();
    keeper.object = undefined;
    await clock.advance(4_000);
    expect(a.calls).toEqual(["acquired", "lost: the lease was released or deleted", "acquired"]);
  });

  test("refuses timings that leave no margin", () => {
    const options = {
      client: wayTo(new LeaseKeeper(), new ManualClock(), () => "arrives"),
      namespace: "n",
      name: "l",
      identity: "a",
    };
    const deaf = { onAcquired: () => {}, onLost: () => {}, onFault: () => {} };
    expect(() => new LeaderElection({ ...options, ...deaf, timings: { renewDeadlineMs: 15_000 } })).toThrow(RangeError);
  });
});

describe("two contenders", () => {
  test("the second takes over at once when the first stops, after the first has ended its work", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    const workDone = Promise.withResolvers<void>();
    const a = aContender(keeper, clock, "a", () => workDone.promise);
    const b = aContender(keeper, clock, "b");
    a.election.start();
    await settle();
    b.election.start();
    await clock.advance(5_000);
    const stopping = a.election.stop();
    await settle();
    expect(a.calls).toEqual(["acquired", "lost: stopped"]);
    expect(keeper.holder).toBe("a");
    workDone.resolve();
    await stopping;
    expect(keeper.holder).toBeUndefined();
    await clock.advance(2_000);
    expect(b.election.isLeader()).toBe(true);
    expect(valueAt(keeper.object, "spec", "leaseTransitions")).toBe(1);
  });

  test("the second takes over fifteen seconds after the last sign of a first that vanished, whatever its clock says", async () => {
    const clock = new ManualClock();
    const keeper = new LeaseKeeper();
    const a = aContender(keeper, clock, "a");
    const ahead: Clock = {
      now: () => clock.now() + 3_600_000,
      monotonic: () => clock.monotonic(),
      after: (ms, task) => clock.after(ms, task),
    };
    const b = aContender(keeper, ahead, "b");
    a.election.start();
    await settle();
    b.election.start();
    await settle();
    a.fate = "lost";
    await clock.advance(14_000);
    expect(b.election.isLeader()).toBe(false);
    expect(a.election.isLeader()).toBe(false);
    await clock.advance(4_000);
    expect(b.election.isLeader()).toBe(true);
  });

  const fate = fc.constantFrom<Fate>(
    "arrives",
    "arrives",
    "lost",
    "answerLost",
    "hangs",
    "arrivesLate",
    "answeredSlowly",
  );
  const stretch = fc.record({ a: fate, b: fate, ms: fc.integer({ min: 50, max: 20_000 }) });

  test("never lead at the same time, and one leads soon after the faults end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { maxLength: 12 }), async (stretches) => {
        const clock = new ManualClock();
        const keeper = new LeaseKeeper();
        const a = aContender(keeper, clock, "a");
        const b = aContender(keeper, clock, "b");
        a.election.start();
        b.election.start();
        for (const next of [...stretches, { a: "arrives", b: "arrives", ms: 30_000 } as const]) {
          a.fate = next.a;
          b.fate = next.b;
          for (let passed = 0; passed < next.ms; passed += 500) {
            await clock.advance(500);
            expect(a.election.isLeader() && b.election.isLeader()).toBe(false);
          }
        }
        expect(a.election.isLeader() || b.election.isLeader()).toBe(true);
        expect(keeper.holder).toBe(a.election.isLeader() ? "a" : "b");
        for (const { calls } of [a, b]) {
          const turns = calls.filter((call) => call !== "fault").map((call) => call.slice(0, 4));
          expect(turns).toEqual(turns.map((_, index) => (index % 2 === 0 ? "acqu" : "lost")));
        }
        await Promise.all([a.election.stop(), b.election.stop()]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
