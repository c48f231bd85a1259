import fc from "fast-check";
import { expect, test } from "vitest";
import { DueTimer } from "../../../../reconciler/schedule/due-timer.ts";
import { ManualClock } from "../../../support/kube/manual-clock.ts";

test("keys come up at their last set time, earliest first, and removed ones never", async () => {
  const order = fc.record({
    key: fc.integer({ min: 0, max: 30 }),
    delayMs: fc.integer({ min: 0, max: 100_000 }),
    isRemoved: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(order, { maxLength: 80 }), async (orders) => {
      const clock = new ManualClock();
      const came: { readonly key: string; readonly atMs: number }[] = [];
      const timer = new DueTimer(clock, (key) => came.push({ key, atMs: clock.now() }));
      const wanted = new Map<string, number>();
      const startMs = clock.now();
      for (const { key, delayMs, isRemoved } of orders) {
        if (isRemoved) {
          timer.remove(`k${key}`);
          wanted.delete(`k${key}`);
        } else {
          timer.set(`k${key}`, startMs + delayMs);
          wanted.set(`k${key}`, startMs + delayMs);
        }
      }
      expect(clock.pending).toBeLessThanOrEqual(1);
      await clock.advance(100_010);
      expect(came).toHaveLength(wanted.size);
      for (const { key, atMs } of came) {
        const dueMs = wanted.get(key) ?? Number.NaN;
        expect(atMs).toBeGreaterThanOrEqual(dueMs);
        expect(atMs - dueMs).toBeLessThanOrEqual(1);
      }
      expect(timer.size).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test("a key that is due already comes up at once", async () => {
  const clock = new ManualClock();
  const came: string[] = [];
  const timer = new DueTimer(clock, (key) => came.push(key));
  timer.set("late", clock.now() - 5_000);
  await clock.advance(1);
  expect(came).toEqual(["late"]);
});
