import { describe, expect, test } from "vitest";
import { formatSchedulePlan, planRetention } from "../../../../cli/explain/schedule-plan.ts";
import type { Point } from "../../../../cli/points/decide.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { backupInvokerView } from "../../../../shared/invoker/object.ts";

const NOW_MS = Date.parse("2030-03-30T12:00:00Z");

function aPoint(session: string, time: string, isComplete = true): Point {
  const place = { namespace: "demo", invoker: "nightly", repository: undefined, members: undefined };
  return { ...place, session, time, isComplete, source: "BackupSession" };
}

function anInvoker(spec: object) {
  return backupInvokerView(
    parseBackupBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "nightly", namespace: "demo", creationTimestamp: "2030-01-01T00:00:00Z" },
      spec: { repository: { name: "store" }, retentionPolicy: { name: "keep", keepLast: 1, prune: true }, ...spec },
    }),
  );
}

const points = [
  aPoint("e", "2030-03-30T10:30:00Z"),
  aPoint("d", "2030-03-30T10:00:00Z"),
  aPoint("c", "2030-03-29T10:00:00Z", false),
  aPoint("b", "2030-03-28T10:00:00Z"),
  aPoint("a", "2030-02-01T10:00:00Z"),
];

describe("retention", () => {
  test("keeps by each rule, tells which, and counts no incomplete point", () => {
    const policy = { name: "keep", prune: true, keepLast: 1, keepDaily: 2 };
    expect(planRetention(policy, points)).toEqual({
      kept: [
        { session: "e", because: ["last 1", "day 1"] },
        { session: "b", because: ["day 2"] },
      ],
      removed: ["d", "a"],
      incomplete: ["c"],
    });
  });

  test("of months and years keeps the newest of each that has one", () => {
    const kept = planRetention({ name: "keep", prune: true, keepMonthly: 2, keepYearly: 5 }, points).kept;
    expect(kept).toEqual([
      { session: "e", because: ["month 1", "year 1"] },
      { session: "a", because: ["month 2"] },
    ]);
  });

  test("without rules removes nothing", () => {
    expect(planRetention({ name: "all", prune: false }, points).removed).toEqual([]);
    expect(planRetention(undefined, points).kept).toHaveLength(4);
  });
});

describe("the schedule", () => {
  test("tells the next runs in its own zone, through the change of clocks", () => {
    const lines = formatSchedulePlan(
      anInvoker({ schedule: "30 8 * * *", timeZone: "Europe/Berlin" }),
      undefined,
      NOW_MS,
    );
    expect(lines[0]).toBe("Schedule: 30 8 * * * in Europe/Berlin. Next runs:");
    expect(lines).toHaveLength(6);
    expect(lines[1]).toMatch(/2030-03-31 08:30:00 .* \(2030-03-31T06:30:00\.000Z\)$/);
  });

  test("that is paused, or none, is told as such", () => {
    expect(formatSchedulePlan(anInvoker({ schedule: "@hourly", paused: true }), undefined, NOW_MS)[0]).toContain(
      "It is paused",
    );
    expect(formatSchedulePlan(anInvoker({}), undefined, NOW_MS)).toEqual([
      "Schedule: none; it runs when it is told to.",
    ]);
  });

  test("is followed by what stays and goes where points are known", () => {
    expect(formatSchedulePlan(anInvoker({}), points, NOW_MS)).toContain("  e stays: last 1");
    expect(formatSchedulePlan(anInvoker({}), points, NOW_MS)).toContain("  a goes");
  });
});
