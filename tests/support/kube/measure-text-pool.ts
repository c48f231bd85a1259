/**
 * A program of its own, since it measures its memory: what thousands of objects take apart and shared, and what texts that nobody shares
 * leave. It prints the bytes as JSON. Run with --expose-gc.
 */
import { createTextPool } from "../../../reconciler/world/text-pool.ts";

/** Bytes that what is made holds when all else is gone. */
function bytesOf(make: () => unknown): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("there is no collector to call");
  gc();
  const before = process.memoryUsage().heapUsed;
  const kept = make();
  gc();
  const bytes = process.memoryUsage().heapUsed - before;
  if (kept === undefined) throw new Error("nothing was made");
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

const texts = Array.from({ length: 4_000 }, (_, at) => anInvoker(at));
const { share } = createTextPool();
const apart = bytesOf(() => texts.map((text): unknown => JSON.parse(text)));
const together = bytesOf(() => texts.map((text) => share<unknown>(JSON.parse(text))));
const pool = createTextPool();
const unshared = bytesOf(() => {
  for (let at = 0; at < 200_000; at += 1) pool.share({ uid: `c0ffee00-0000-4000-8000-${at}` });
  return pool;
});
console.log(JSON.stringify({ apart, together, unshared }));
