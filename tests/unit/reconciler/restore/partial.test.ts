import { expect, test } from "vitest";
import { partialWarning } from "../../../../reconciler/restore/partial.ts";

const TIME = "2024-04-30T08:00:00Z";
const REF = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" };

test("a deleted restore names the hosts that had begun and not succeeded, and no others", () => {
  const stats = [
    { hostname: "db-0", phase: "Succeeded", startedAt: TIME },
    { hostname: "db-1", phase: "Running", startedAt: TIME },
    { hostname: "db-2", phase: "Failed", startedAt: TIME },
    { hostname: "db-3", phase: "Pending" },
    { hostname: "db-4", phase: "Failed" },
  ] as const;
  expect(partialWarning({ targets: [{ ref: REF, stats }] }, "demo")).toBe(
    "deleted in the middle: the data of db-1 of StatefulSet demo/db, db-2 of StatefulSet demo/db may be half restored; restore again before the pods are replaced",
  );
  expect(partialWarning({ targets: [{ ref: REF, stats: stats.slice(0, 1) }] }, "demo")).toBeUndefined();
});

test("a restore that has ended leaves no warning: what failed was told", () => {
  const over = { type: "MetricsPushed", status: "True", reason: "R", message: "", lastTransitionTime: TIME } as const;
  const stats = [{ hostname: "db-0", phase: "Failed", startedAt: TIME }] as const;
  expect(partialWarning({ conditions: [over], targets: [{ ref: REF, stats }] }, "demo")).toBeUndefined();
});
