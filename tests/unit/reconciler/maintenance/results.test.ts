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

describe("two verdicts", () => {
  const structure = (change: Partial<HostActionResult> = {}) => result("VerifyRepositoryIntegrity", change);
  const data = (change: Partial<HostActionResult> = {}) => result("VerifyRepositoryData", change);
  const of = (part: string): MaintenanceRun => ({ ...RUN, readDataSubset: part });
  const known = {
    firstBackupTime: "2025-12-01T00:00:00Z",
    integrity: true,
    lastCheckTime: "2025-12-31T03:00:00Z",
    lastReadDataCheckTime: "2025-12-25T03:00:00Z",
    readDataSubset: "2/8",
  };
  const rotten = withResults(known, RUN, [structure({ integrity: true }), data(damage)]);

  test("damage in the data is not cured by a check that reads none", () => {
    const fault = { part: "3/8", foundAt: "2026-01-01T03:00:00Z", checkedAt: "2026-01-01T03:00:00Z" };
    expect(rotten).toMatchObject({ integrity: false, structureIntegrity: true, dataFaults: [fault] });
    const later = withResults(rotten, RUN, [structure({ integrity: true, finishedAt: "2026-01-01T04:00:00Z" })]);
    expect(later).toMatchObject({ integrity: false, dataFaults: [fault], lastCheckTime: "2026-01-01T04:00:00Z" });
  });

  test("nor by a good read of another part, nor by one that could not run", () => {
    expect(withResults(rotten, of("4/8"), [structure(), data()])).toMatchObject({
      integrity: false,
      readDataSubset: "4/8",
    });
    const undone = data({ phase: "Failed", reason: "BACKEND_UNREACHABLE" });
    expect(withResults(rotten, RUN, [structure(), undone])).toMatchObject({ integrity: false });
  });

  test.each(["3/8", "3/4", "1/2", "1/1"])("but by a good read of %s, which holds that part", (part) => {
    expect(withResults(rotten, of(part), [data()])).toMatchObject({ integrity: true, dataFaults: [] });
  });

  test.each(["2/4", "2/2", "3/16", "11/16", "rest"])("and not by one of %s, which does not", (part) => {
    expect(withResults(rotten, of(part), [data()])).toMatchObject({ integrity: false });
  });

  test("damage in the structure is not cured by a read of the data", () => {
    const broken = withResults(known, RUN, [structure(damage)]);
    expect(broken).toMatchObject({ integrity: false, structureIntegrity: false });
    expect(withResults(broken, RUN, [data()])).toMatchObject({ integrity: false, structureIntegrity: false });
    expect(withResults(broken, RUN, [structure()])).toMatchObject({ integrity: true, structureIntegrity: true });
  });

  test("each bad part is cured by itself, and a part that is bad again keeps the time when it was found", () => {
    const two = withResults(rotten, of("5/8"), [data({ ...damage, finishedAt: "2026-01-08T03:00:00Z" })]);
    const again = withResults(two, RUN, [data({ ...damage, finishedAt: "2026-01-09T03:00:00Z" })]);
    expect(again.dataFaults).toEqual([
      { part: "5/8", foundAt: "2026-01-08T03:00:00Z", checkedAt: "2026-01-08T03:00:00Z" },
      { part: "3/8", foundAt: "2026-01-01T03:00:00Z", checkedAt: "2026-01-09T03:00:00Z" },
    ]);
    const one = withResults(again, of("5/8"), [data()]);
    expect(one).toMatchObject({ integrity: false, dataFaults: [{ part: "3/8" }] });
    expect(withResults(one, RUN, [data()])).toMatchObject({ integrity: true, dataFaults: [] });
  });

  test("a part that is read once more leaves the weekly parts where they were", () => {
    const repeat = withResults(rotten, RUN, [data({ finishedAt: "2026-01-01T05:00:00Z" })]);
    expect(repeat).toMatchObject({ readDataSubset: "3/8", lastReadDataCheckTime: "2026-01-01T03:00:00Z" });
  });

  test("damage of before the verdicts were two may be in both: neither check alone takes it back", () => {
    const old = { ...known, integrity: false };
    expect(withResults(old, RUN, [structure()])).toMatchObject({ integrity: false, dataFaults: [{ part: "2/8" }] });
    const read = withResults(old, of("2/8"), [data()]);
    expect(read).toMatchObject({ integrity: false, structureIntegrity: false });
    expect(withResults(read, RUN, [structure()])).toMatchObject({ integrity: true });
  });

  test("damage of a part that nobody named goes by a read of all of it alone", () => {
    const { readDataSubset: _, ...unnamed } = RUN;
    const bad = withResults(known, unnamed, [data(damage)]);
    expect(withResults(bad, of("1/8"), [data()])).toMatchObject({ integrity: false });
    expect(withResults(bad, unnamed, [data()])).toMatchObject({ integrity: false });
    expect(withResults(bad, of("1/1"), [data()])).toMatchObject({ integrity: true });
  });
});
