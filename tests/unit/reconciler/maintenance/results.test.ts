import { describe, expect, test } from "vitest";
import { endOf, withResults, withRun } from "../../../../reconciler/maintenance/results.ts";
import type { HostActionResult } from "../../../../shared/api/host-stats.ts";
import type { MaintenanceRun } from "../../../../shared/api/repository.ts";

const RUN: MaintenanceRun = {
  phase: "Running",
  startedAt: "2026-01-01T02:00:00Z",
  readDataSubset: "3/8",
  covers: "s-1",
};

function result(action: HostActionResult["action"], change: Partial<HostActionResult> = {}): HostActionResult {
  return { action, phase: "Succeeded", finishedAt: "2026-01-01T03:00:00Z", ...change };
}

const damage = {
  phase: "Failed",
  integrity: false,
  reason: "REPOSITORY_DAMAGED",
  message: "a tree is missing",
} as const;

describe("what a maintenance found", () => {
  test("L63: damage makes integrity false, and a good check true again", () => {
    const damaged = withResults({}, RUN, [result("VerifyRepositoryIntegrity", damage)]);
    expect(damaged).toMatchObject({ integrity: false, lastCheckTime: "2026-01-01T03:00:00Z" });
    expect(withResults(damaged, RUN, [result("VerifyRepositoryIntegrity", { integrity: true })]).integrity).toBe(true);
  });

  test("restic's own word for damage counts where no verdict was sent, and of several checks the worse", () => {
    const { integrity: _, ...unsaid } = damage;
    expect(withResults({}, RUN, [result("VerifyRepositoryIntegrity", unsaid)]).integrity).toBe(false);
    const both = [result("VerifyRepositoryIntegrity"), result("VerifyRepositoryData", damage)];
    expect(withResults({}, RUN, both)).toMatchObject({ integrity: false, readDataSubset: "3/8" });
    expect(endOf(both)).toMatchObject({ phase: "Failed", reason: "REPOSITORY_DAMAGED" });
  });

  test("a check that could not run, or was cut short, says nothing", () => {
    const known = { integrity: true, lastCheckTime: "2025-12-31T03:00:00Z" };
    const cut = [
      result("VerifyRepositoryIntegrity", { phase: "Failed", reason: "BACKEND_UNREACHABLE" }),
      result("VerifyRepositoryData", { phase: "Running" }),
    ];
    expect(withResults(known, RUN, cut)).toEqual(known);
  });

  test("D25: a prune covers the removal that was known when it began, and one that failed covers none", () => {
    expect(withResults({ lastRemoval: "s-2" }, RUN, [result("PruneRepository")])).toEqual({
      lastRemoval: "s-2",
      prunedRemoval: "s-1",
      lastPruneTime: "2026-01-01T03:00:00Z",
    });
    expect(withResults({}, RUN, [result("PruneRepository", { phase: "Failed" })])).toEqual({});
  });

  test("ten runs are kept, newest first, and one that ended takes its own place", () => {
    const runs = Array.from({ length: 12 }, (_, day) => ({ ...RUN, startedAt: `2026-01-${10 + day}T02:00:00Z` }));
    const status = runs.reduce(withRun, {});
    expect(status.maintenanceRuns?.map(({ startedAt }) => startedAt.slice(8, 10))).toEqual(
      Array.from({ length: 10 }, (_, at) => String(21 - at)),
    );
    const ended = withRun(status, { ...RUN, startedAt: "2026-01-21T02:00:00Z", phase: "Succeeded" });
    expect(ended.maintenanceRuns?.slice(0, 2).map(({ phase }) => phase)).toEqual(["Succeeded", "Running"]);
    expect(ended.maintenanceRuns).toHaveLength(10);
  });
});
