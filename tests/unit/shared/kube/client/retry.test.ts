import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextBackoffMs } from "../../../../../shared/backoff.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";
import { TokenBucket } from "../../../../../shared/kube/client/rate-limit.ts";
import { decideRetry, type Repeatability } from "../../../../../shared/kube/client/retry.ts";
import { ManualClock } from "../../../../support/kube/manual-clock.ts";

function anError(status: number, reason = "R", retryAfterMs?: number): KubeError {
  return new KubeError({ action: "get", status, reason, detail: "d", retryAfterMs });
}

function isRetried(error: KubeError, repeatability: Repeatability): boolean {
  return decideRetry({ repeatability, error, earlierFailures: 0, maxRetries: 4, random: 0 }) !== undefined;
}

describe("which calls are tried again", () => {
  test.each<[string, KubeError, boolean, boolean, boolean]>([
    ["turned away", anError(429), true, true, true],
    ["never connected", anError(0, "NotConnected"), true, true, true],
    ["bad gateway", anError(502), true, true, false],
    ["unavailable", anError(503), true, true, false],
    ["connection lost", anError(0, "ConnectionLost"), true, true, false],
    ["server error", anError(500), true, false, false],
    ["gateway timeout", anError(504), true, false, false],
    ["timed out", anError(0, "TimedOut"), true, false, false],
    ["conflict", anError(409, "Conflict"), false, false, false],
    ["not found", anError(404, "NotFound"), false, false, false],
    ["invalid", anError(422, "Invalid"), false, false, false],
    ["expired", anError(410, "Expired"), false, false, false],
  ])("%s: reads, repeatable writes, others", (_, error, read, repeatable, once) => {
    expect([isRetried(error, "read"), isRetried(error, "repeatable"), isRetried(error, "once")]).toEqual([
      read,
      repeatable,
      once,
    ]);
  });

  test("the server's wish counts where it is longer than the back-off, and ends the tries where it is too long", () => {
    const facts = { repeatability: "read", earlierFailures: 0, maxRetries: 4, random: 0 } as const;
    expect(decideRetry({ ...facts, error: anError(429, "R", 3_000) })).toBe(3_000);
    expect(decideRetry({ ...facts, error: anError(429, "R", 1) })).toBe(100);
    expect(decideRetry({ ...facts, error: anError(429, "R", 60_000) })).toBeUndefined();
    expect(decideRetry({ ...facts, error: anError(429), earlierFailures: 4 })).toBeUndefined();
  });
});

test("a back-off lies between half of its full length and all of it, and never past its limit", () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const delayMs = nextBackoffMs({ baseMs: 100, maxMs: 5_000 }, failures, random);
      const fullMs = failures > 5 ? 5_000 : 100 * 2 ** failures;
      expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(delayMs).toBeLessThanOrEqual(fullMs);
    }),
  );
});

describe("a token bucket", () => {
  test("gives a burst at once and then as many as it earns", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ qps: 10, burst: 2 }, clock);
    expect([bucket.reserve(), bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 100, 200]);
    await clock.advance(1_000);
    expect([bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 100]);
  });

  test("says no where nothing is left", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ qps: 10, burst: 1 }, clock);
    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
    await clock.advance(100);
    expect(bucket.tryTake()).toBe(true);
  });
});
