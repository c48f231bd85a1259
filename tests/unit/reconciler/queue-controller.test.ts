import { expect, test } from "vitest";
import { createQueueController, type QueueWork } from "../../../reconciler/queue-controller.ts";
import { ManualClock } from "../../support/kube/manual-clock.ts";

function aController(work: Partial<QueueWork>) {
  const clock = new ManualClock();
  const told: (readonly [object, string | undefined])[] = [];
  const log = { warn: (fields: object, message?: string) => void told.push([fields, message]) };
  const settings = { name: "things", subject: "thing", failed: "thing not looked after", concurrency: 2, clock };
  const controller = createQueueController(
    { ...settings, log },
    { wake: () => [], reconcile: async () => undefined, ...work },
  );
  return { controller, clock, told };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("looks at what it was woken for, and no more once it is stopped", async () => {
  const seen: string[] = [];
  let wake: (key: string) => void = () => {};
  const { controller } = aController({
    wake(add) {
      wake = add;
      add("a/b");
      return [() => seen.push("unsubscribed")];
    },
    async reconcile(key) {
      seen.push(key);
      return undefined;
    },
    beforeDrain: async () => void seen.push("drained"),
    forget: () => void seen.push("forgot"),
  });
  await controller.start();
  await settle();
  wake("a/c");
  await settle();
  await controller.stop();
  wake("a/d");
  await settle();
  expect(seen).toEqual(["a/b", "a/c", "unsubscribed", "drained", "forgot"]);
});

test("tells of a look that threw by the field of its subject, and looks again", async () => {
  let looks = 0;
  const { controller, clock, told } = aController({
    wake(add) {
      add("a/b");
      return [];
    },
    async reconcile() {
      looks += 1;
      if (looks === 1) throw new Error("away");
      return undefined;
    },
  });
  await controller.start();
  await settle();
  expect(told).toEqual([[{ thing: "a/b", failures: 1, error: "away" }, "thing not looked after"]]);
  await clock.advance(1_000);
  await settle();
  expect(looks).toBe(2);
  await controller.stop();
});

test("begins nothing while what wakes it can't be subscribed to", async () => {
  const { controller } = aController({
    wake: async () => {
      throw new Error("no list");
    },
    reconcile: () => expect.unreachable(),
  });
  await expect(controller.start()).rejects.toThrow("no list");
  await controller.stop();
});
