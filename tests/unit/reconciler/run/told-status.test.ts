import { describe, expect, test } from "vitest";
import type { RunStatus } from "../../../../reconciler/run/facts.ts";
import { isTold, toldStatus } from "../../../../reconciler/run/told-status.ts";
import type { RunObject } from "../../../../reconciler/run/view.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";

const NOW = new Date("2026-01-02T03:04:05Z");

function aRun(status?: RunObject["status"], generation = 1): RunObject {
  const metadata = { namespace: "demo", name: "nightly-1", generation };
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata,
    ...(status !== undefined && { status }),
  };
}

const host = (phase: "Succeeded" | "Failed", ...sizes: readonly number[]) => ({
  hostname: "host-0",
  phase,
  ...(phase === "Failed" && { error: "disk full" }),
  snapshots: sizes.map((sizeBytes) => ({ name: "abcd", sizeBytes })),
});
const db = {
  ref: { kind: "StatefulSet", name: "db" },
  phase: "Succeeded",
  stats: [host("Succeeded", 1024, 2048)],
} as const;
const web = { ref: { kind: "Deployment", name: "web" }, phase: "Failed", stats: [host("Failed")] } as const;

function told(phase: string, targets: readonly (typeof db | typeof web | { phase: "Running" })[]) {
  const whole = { phase, targets };
  return toldStatus("backup", aRun(), { whole, stored: whole }, NOW);
}

describe("a session tells at a glance", () => {
  test("how many members have ended, and how much is saved so far", () => {
    expect(told("Running", [db, { phase: "Running" }])).toMatchObject({ membersDone: "1/2", totalSize: "3.000 KiB" });
    expect(told("Running", [db])).not.toHaveProperty("point");
  });

  test.each([
    ["Succeeded", [db], "Complete"],
    ["Failed", [db, web], "Partial"],
    ["Failed", [web], "None"],
    ["Skipped", [], "None"],
  ] as const)("what it left when it ended as %s with %j: %s", (phase, targets, point) => {
    expect(told(phase, targets)).toMatchObject({ point });
  });

  test("no size where more was saved than is listed", () => {
    const cut = { ...db, stats: [{ ...host("Succeeded", 1024), snapshotCount: 2 }] };
    const whole = { phase: "Succeeded", targets: [cut] };
    const status = toldStatus("backup", aRun(), { whole, stored: whole }, NOW);
    expect(status).toMatchObject({ point: "Complete" });
    expect(status).not.toHaveProperty("totalSize");
  });

  test("what a restore does not have", () => {
    const whole = { phase: "Succeeded", targets: [db] };
    const status = toldStatus("restore", aRun(), { whole, stored: whole }, NOW);
    expect(status).toMatchObject({ membersDone: "1/1" });
    expect(status).not.toHaveProperty("point");
  });
});

test("what is too much for the stored status is told all the same", () => {
  const whole = { phase: "Failed", targets: [db, web] };
  const stored = { phase: "Failed", targets: [{ phase: "Succeeded" } as const, { phase: "Failed" } as const] };
  const status = toldStatus<RunStatus>("backup", aRun(), { whole, stored }, NOW);
  expect(status).toMatchObject({ membersDone: "2/2", totalSize: "3.000 KiB", point: "Partial" });
  expect(findCondition(status.conditions, "Stalled")).toMatchObject({ status: "True", message: "host-0: disk full" });
});

describe("a stored status is written anew", () => {
  const whole = { phase: "Failed", targets: [web] };
  const stored: RunStatus = toldStatus<RunStatus>("backup", aRun(), { whole, stored: whole }, NOW);

  test("by nobody when it says all", () => {
    expect(isTold(aRun(stored))).toBe(true);
    expect(isTold(aRun({ ...stored, conditions: stored.conditions ?? [] }))).toBe(true);
  });

  test("when an older version wrote it, so that its failure reads as one", () => {
    expect(isTold(aRun({ phase: "Failed" }))).toBe(false);
  });

  test("when the spec has changed since", () => {
    expect(isTold(aRun(stored, 2))).toBe(false);
  });

  test("not before there is anything to tell", () => {
    expect(isTold(aRun())).toBe(true);
    expect(isTold(aRun({ observedGeneration: -1 }))).toBe(true);
  });
});
