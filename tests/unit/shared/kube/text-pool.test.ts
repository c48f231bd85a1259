import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createTextPool } from "../../../../shared/kube/text-pool.ts";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** Bytes that what is made holds when all else is gone. */
function bytesOf(make: () => unknown): number {
  if (typeof collect !== "function") throw new Error("there is no collector to call");
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = make();
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  expect(kept).toBeDefined();
  return bytes;
}

function anInvoker(at: number): string {
  const conditions = ["RepositoryFound", "BackendSecretFound", "BackupTargetFound", "ValidationPassed"].map((type) => ({
    type,
    reason: "RepositoryNotAvailable",
    message: "Repository demo/store does not exist",
    lastTransitionTime: "2024-04-30T08:00:00Z",
  }));
  return JSON.stringify({ metadata: { name: `nightly-${at}`, namespace: "demo" }, status: { conditions } });
}

test("what thousands of objects say alike is held once", () => {
  const texts = Array.from({ length: 4_000 }, (_, at) => anInvoker(at));
  const { share } = createTextPool();
  const apart = bytesOf(() => texts.map((text): unknown => JSON.parse(text)));
  const together = bytesOf(() => texts.map((text) => share<unknown>(JSON.parse(text))));
  expect(together / apart).toBeLessThan(0.7);
});

test("every value is as it was", () => {
  const { share } = createTextPool();
  const text = JSON.stringify({
    empty: "",
    long: "x".repeat(1_000),
    same: ["Europe/Berlin", "Europe/Berlin", null, 3, true, { zone: "Europe/Berlin" }],
    metadata: JSON.parse('{"__proto__": "Europe/Berlin"}'),
  });
  for (let time = 0; time < 3; time += 1) expect(JSON.stringify(share<unknown>(JSON.parse(text)))).toBe(text);
});

test("texts that nobody shares don't pile up", () => {
  const { share } = createTextPool();
  const bytes = bytesOf(() => {
    for (let at = 0; at < 200_000; at += 1) share({ uid: `c0ffee00-0000-4000-8000-${at}` });
    return share;
  });
  expect(bytes).toBeLessThan(2_000_000);
});
