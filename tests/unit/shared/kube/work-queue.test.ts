import { expect, test } from "vitest";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { WorkQueue } from "../../../../shared/kube/work-queue.ts";
import { settle } from "../../../support/kube/manual-clock.ts";
import { aQueue, Runs } from "./queue-world.ts";

test("a key that is added many times before it runs runs once", async () => {
  const { queue, runs } = aQueue();
  for (let i = 0; i < 5; i += 1) queue.add("a");
  await settle();
  expect(runs.started).toEqual(["a"]);
});

test("nothing runs in the turn of the caller that adds", () => {
  const { queue, runs } = aQueue();
  queue.add("a");
  expect(runs.started).toEqual([]);
});

test("nothing runs before the start", async () => {
  const runs = new Runs();
  const queue = new WorkQueue({ run: runs.run, onError: () => {}, concurrency: 1 });
  queue.add("a");
  await settle();
  expect(runs.started).toEqual([]);
  queue.start();
  await settle();
  expect(runs.started).toEqual(["a"]);
});

test("a key that is added while it runs runs once more afterwards, never beside itself", async () => {
  const { queue, runs } = aQueue();
  queue.add("a");
  await settle();
  queue.add("a");
  queue.add("a");
  await settle();
  expect(runs.running).toEqual(["a"]);
  await runs.finish("a");
  expect(runs.started).toEqual(["a", "a"]);
  await runs.finish("a");
  expect(runs.started).toEqual(["a", "a"]);
});

test("as many keys run at once as allowed, the others in the order of their arrival", async () => {
  const { queue, runs } = aQueue(2);
  for (const key of ["a", "b", "c", "d"]) queue.add(key);
  await settle();
  expect(runs.running).toEqual(["a", "b"]);
  expect(queue.stats()).toMatchObject({ depth: 2, running: 2 });
  await runs.finish("b");
  expect(runs.running).toEqual(["a", "c"]);
  await runs.finish("a");
  expect(runs.running).toEqual(["c", "d"]);
});

test("a delayed key runs when its time has come, and of two times the earlier counts", async () => {
  const { queue, runs, clock } = aQueue();
  queue.addAfter("a", 1_000);
  queue.addAfter("a", 400);
  queue.addAfter("a", 700);
  await clock.advance(399);
  expect(runs.started).toEqual([]);
  await clock.advance(1);
  expect(runs.started).toEqual(["a"]);
  await runs.finish("a");
  await clock.advance(10_000);
  expect(runs.started).toEqual(["a"]);
});

test("a key that is added ends its delay", async () => {
  const { queue, runs, clock } = aQueue();
  queue.addAfter("a", 1_000);
  queue.add("a");
  await settle();
  await runs.finish("a");
  await clock.advance(5_000);
  expect(runs.started).toEqual(["a"]);
});

test("a run can ask for the next one", async () => {
  const { queue, runs, clock } = aQueue();
  queue.add("a");
  await settle();
  await runs.finish("a", { requeueAfterMs: 5_000 });
  expect(queue.stats().delayed).toBe(1);
  await clock.advance(5_000);
  expect(runs.started).toEqual(["a", "a"]);
});

test("a key that fails runs again after a back-off that doubles up to its limit", async () => {
  const { queue, runs, clock, errors, seen } = aQueue();
  queue.add("a");
  await settle();
  for (const delayMs of [100, 200, 400, 800, 1_000, 1_000]) {
    await runs.finish("a", new Error("no"));
    await clock.advance(delayMs - 1);
    expect(runs.running).toEqual([]);
    await clock.advance(1);
    expect(runs.running).toEqual(["a"]);
  }
  expect(errors.map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(seen).toContain("retry a 3 400");
});

test("a success makes the next back-off begin anew", async () => {
  const { queue, runs, clock } = aQueue();
  queue.add("a");
  await settle();
  await runs.finish("a", new Error("no"));
  await clock.advance(100);
  await runs.finish("a");
  expect(queue.failures("a")).toBe(0);
  queue.add("a");
  await settle();
  await runs.finish("a", new Error("no"));
  await clock.advance(100);
  expect(runs.running).toEqual(["a"]);
});

test("one failing key does not hold the others", async () => {
  const { queue, runs } = aQueue(1);
  queue.add("a");
  queue.add("b");
  await settle();
  await runs.finish("a", new Error("no"));
  expect(runs.running).toEqual(["b"]);
});

test("a stop waits for the runs under way, starts no other, and ends them when its time is over", async () => {
  const { queue, runs, clock } = aQueue(1);
  queue.add("a");
  queue.add("b");
  queue.addAfter("c", 100);
  await settle();
  let stopped = false;
  const stopping = queue.stop(1_000).then(() => {
    stopped = true;
  });
  await clock.advance(999);
  expect(runs.signalOf("a")?.aborted).toBe(false);
  await clock.advance(1);
  expect(runs.signalOf("a")?.aborted).toBe(true);
  expect(stopped).toBe(false);
  await runs.finish("a", new Error("aborted"));
  await stopping;
  queue.add("d");
  await clock.advance(10_000);
  expect(runs.started).toEqual(["a"]);
  expect(clock.pending).toBe(0);
});

test("an idle queue stops at once", async () => {
  const { queue } = aQueue();
  await queue.stop(1_000);
});

test("whenIdle waits for the line and the runs", async () => {
  const { queue, runs } = aQueue(1);
  queue.add("a");
  queue.add("b");
  let idle = false;
  const waiting = queue.whenIdle().then(() => {
    idle = true;
  });
  await settle();
  await runs.finish("a");
  expect(idle).toBe(false);
  await runs.finish("b");
  await waiting;
});

test("waiting and running times are measured", async () => {
  const { queue, runs, clock, seen } = aQueue(1);
  queue.add("a");
  queue.add("b");
  await settle();
  await clock.advance(300);
  expect(queue.stats()).toEqual({ depth: 1, delayed: 0, running: 1, longestRunMs: 300 });
  await runs.finish("a");
  await runs.finish("b");
  expect(seen).toEqual(["add", "add", "start a 0", "end a 300 false", "start b 300", "end b 0 false"]);
});

test("ten thousand keys run once each, and the event loop gets its turns in between", async () => {
  let runs = 0;
  let turns = 0;
  const queue = new WorkQueue({
    run: async () => {
      runs += 1;
      return undefined;
    },
    onError: () => {},
    concurrency: 8,
  });
  queue.start();
  for (let i = 0; i < 10_000; i += 1) queue.add(`key-${i}`);
  const ticking = setInterval(() => {
    turns += 1;
  }, 0);
  await queue.whenIdle();
  clearInterval(ticking);
  expect(runs).toBe(10_000);
  expect(turns).toBeGreaterThan(1);
});

test("E14: what can't be made in a namespace that is being deleted is neither told nor tried again", async () => {
  const { queue, runs, clock, errors } = aQueue();
  const causes = [{ reason: "NamespaceTerminating", message: undefined, field: "metadata.namespace" }];
  const facts = { action: "create", status: 403, reason: "Forbidden", detail: "being terminated" };
  queue.add("ending");
  queue.add("forbidden");
  await settle();
  await runs.finish("ending", new KubeError({ ...facts, causes }));
  await runs.finish("forbidden", new KubeError(facts));
  await clock.advance(60_000);
  expect(errors.map(({ key }) => key)).toEqual(["forbidden"]);
  expect(runs.started).toEqual(["ending", "forbidden", "forbidden"]);
  queue.add("ending");
  await settle();
  expect(runs.running).toContain("ending");
});
