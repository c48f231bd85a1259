import { expect, test } from "vitest";
import { decideStaleness } from "../../../../reconciler/health/decide.ts";
import { type BackupBatch, parseBackupBatch } from "../../../../shared/api/backup-batch.ts";

const HOUR_MS = 3_600_000;
const NOW = new Date("2024-04-30T12:00:00Z");

function aBatch(status: Readonly<Record<string, unknown>>, spec: Readonly<Record<string, unknown>> = {}): BackupBatch {
  return parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", creationTimestamp: "2024-04-30T09:00:00Z" },
    spec: { retentionPolicy: { name: "keep", prune: true }, ...spec },
    status,
  });
}

const HOURLY = ["2024-04-30T13:00:00Z", "2024-04-30T14:00:00Z", "2024-04-30T15:00:00Z"];

test("two periods without a good recovery point are too long", () => {
  const point = (time: string) => ({ nextRuns: HOURLY, lastRecoveryPoint: { session: "s", time } });
  expect(decideStaleness(aBatch(point("2024-04-30T10:00:00Z")), NOW).kind).toBe("fresh");
  expect(decideStaleness(aBatch(point("2024-04-30T09:59:59Z")), NOW)).toMatchObject({
    kind: "stale",
    limitMs: 2 * HOUR_MS,
  });
});

test("an invoker that never had a good backup is stale two periods after its creation", () => {
  expect(decideStaleness(aBatch({ nextRuns: HOURLY }), NOW).kind).toBe("stale");
  expect(decideStaleness(aBatch({ nextRuns: HOURLY }), new Date("2024-04-30T10:30:00Z")).kind).toBe("fresh");
});

test("the longest distance counts where the runs are uneven", () => {
  const weekdays = ["2024-05-03T02:00:00Z", "2024-05-06T02:00:00Z", "2024-05-07T02:00:00Z"];
  expect(decideStaleness(aBatch({ nextRuns: weekdays }), NOW)).toMatchObject({ limitMs: 6 * 24 * HOUR_MS });
});

test("nothing is expected of an invoker that is paused or has no schedule", () => {
  expect(decideStaleness(aBatch({ nextRuns: HOURLY }, { paused: true }), NOW).kind).toBe("unscheduled");
  expect(decideStaleness(aBatch({ nextRuns: [] }), NOW).kind).toBe("unscheduled");
});

test("a point that a clock ahead has dated silences nothing", () => {
  const point = (time: string) => ({ nextRuns: HOURLY, lastRecoveryPoint: { session: "s", time } });
  expect(decideStaleness(aBatch(point("2025-04-30T10:00:00Z")), NOW).kind).toBe("stale");
  expect(decideStaleness(aBatch(point("2024-04-30T12:02:00Z")), NOW).kind).toBe("fresh");
});
