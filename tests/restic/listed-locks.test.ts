/** Locks that a maintenance finds, with their owners: left by a real restic, told for the Repository's status. */
import { hostname, userInfo } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStopper } from "../../agent/work/stop.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { actionRun, mountSecret, reportOf } from "../support/restic/action-reports.ts";
import { takeLock } from "../support/restic/dead-lock.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const { signal } = new AbortController();
let world: ResticWorld;
let secretsRoot: string;

beforeAll(async () => {
  world = await createResticWorld();
  secretsRoot = await mountSecret(world);
});

afterAll(() => world.stop());

test("a maintenance tells who holds which lock, while it waits for them too, and that none is left", async () => {
  const holder = await takeLock(world, world.localBackend, {}, false);
  const [id, pid] = [holder.lock.id, holder.lock.pid];
  try {
    const told = await reportOf(world, actionRun(world, "Maintain", ["SendRepositoryMetrics"]), secretsRoot);
    const locks = listAt(told, "listedLocks", "locks");
    expect(locks).toMatchObject([{ id, pid, host: hostname(), user: userInfo().username, exclusive: false }]);
    expect(Date.parse(textAt(told, "listedLocks", "seenAt") ?? "")).toBeGreaterThan(Date.now() - 60_000);

    // A check needs the repository for itself, so it meets the lock.
    const stopper = createStopper();
    let met: unknown;
    await reportOf(world, actionRun(world, "Maintain", ["VerifyRepositoryIntegrity"]), secretsRoot, {
      stopper,
      onReport(report) {
        if (listAt(report, "locks").length === 0) return;
        met = structuredClone(valueAt(report, "listedLocks"));
        stopper.stop({ kind: "shutdown" });
      },
    });
    expect(listAt(met, "locks").map((lock) => numberAt(lock, "pid"))).toEqual([pid]);
  } finally {
    await holder.stop();
  }
  const restic = await world.open();
  expect((await restic.run(["unlock", "--remove-all"], { signal })).code).toBe(0);
  const after = await reportOf(world, actionRun(world, "Maintain", ["VerifyRepositoryIntegrity"]), secretsRoot);
  expect(after["results"]).toMatchObject([{ phase: "Succeeded" }]);
  expect(valueAt(after, "listedLocks", "locks")).toEqual([]);
});

test("a session, whose pods are many, looks for none", async () => {
  const told = await reportOf(world, actionRun(world, "Backup", ["SendRepositoryMetrics"]), secretsRoot);
  expect(told["results"]).toMatchObject([{ phase: "Succeeded" }]);
  expect(told["listedLocks"]).toBeUndefined();
});
