import { describe, expect, test } from "vitest";
import type { JobProblem } from "../../../../reconciler/jobs/of-target.ts";
import { seenTarget } from "../../../../reconciler/run/job-target.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const FILES = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
const DB = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };
const stash = { apiVersion: "stash.appscode.com/v1beta1" };
const created = (ms: number) => new Date(ms).toISOString();

const HOUR_MS = 3_600_000;
const MISSING = { target: "missing", message: "it does not exist" } as const;
const UNKNOWN = { target: "unknown", message: "403 Forbidden: no rights" } as const;

type Absence = Pick<JobProblem, "message" | "target">;

function aRestore(ref: object, absence: Absence | undefined, change: object = {}): RestoreSimulation {
  const metadata = { name: "back", namespace: "demo", uid: "uid", creationTimestamp: created(RESTORE_START_MS) };
  const members = [{ target: { ref, ...change } }];
  const spec = { repository: { name: "store" }, members };
  const simulation = new RestoreSimulation(parseRestoreBatch({ ...stash, kind: "RestoreBatch", metadata, spec }), []);
  if (absence !== undefined) simulation.jobs.absent.set(0, absence);
  simulation.settle();
  return simulation;
}

function aSession(ref: object, absence: Absence | undefined): SessionSimulation {
  const metadata = { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 };
  const spec = {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    members: [{ target: { ref }, task: { name: "own" } }],
  };
  const batch = parseBackupBatch({ ...stash, kind: "BackupBatch", metadata, spec });
  const simulation = new SessionSimulation({ batch, workloads: [] });
  if (absence !== undefined) simulation.jobs.absent.set(0, absence);
  simulation.settle();
  return simulation;
}

type Simulation = RestoreSimulation | SessionSimulation;
const targetOf = (simulation: Simulation) => simulation.status.targets?.[0];
const told = (simulation: Simulation, type: string) => {
  const found = targetOf(simulation)?.conditions?.find((condition) => condition.type === type);
  return found && `${found.status} ${found.reason}: ${found.message}`;
};

function pass(simulation: Simulation, ms: number): void {
  simulation.nowMs += ms;
  simulation.settle();
}

describe.each([
  ["claim", FILES, "PersistentVolumeClaim demo/files"],
  ["AppBinding", DB, "AppBinding demo/db"],
])("a restore into a %s", (_what, ref, name) => {
  test("E6: that does not exist yet waits for it, says so, and goes on when it is there", () => {
    const simulation = aRestore(ref, MISSING);
    expect(told(simulation, "RestoreTargetFound")).toBe("False TargetNotAvailable: it does not exist");
    expect(targetOf(simulation)).toMatchObject({ phase: "Pending", message: "it does not exist" });
    pass(simulation, 20 * HOUR_MS);
    expect(simulation.status.phase).toBe("Pending");
    expect(simulation.status.message).toContain("it does not exist");
    simulation.jobs.absent.clear();
    pass(simulation, 10_000);
    expect(told(simulation, "RestoreTargetFound")).toBe(`True TargetAvailable: ${name} exists`);
    expect(told(simulation, "RestoreJobCreated")).toMatch(/^True /);
    expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
  });

  test("E6: that never comes fails after a day, with NOT_FOUND", () => {
    const simulation = aRestore(ref, MISSING);
    pass(simulation, 24 * HOUR_MS - 1_000);
    expect(simulation.status.phase).toBe("Pending");
    pass(simulation, 1_000);
    expect(simulation.status.phase).toBe("Failed");
    expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "NOT_FOUND", message: "it does not exist" });
    expect(told(simulation, "RestoreTargetFound")).toMatch(/^False /);
  });

  test("E6: of which the API server says nothing waits some minutes, then fails with its words", () => {
    const simulation = aRestore(ref, UNKNOWN);
    expect(told(simulation, "RestoreTargetFound")).toBe(
      "Unknown UnableToCheckTargetAvailability: 403 Forbidden: no rights",
    );
    pass(simulation, 299_000);
    expect(simulation.status.phase).toBe("Pending");
    pass(simulation, 1_000);
    expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "JOB_REFUSED", message: UNKNOWN.message });
  });

  test("E6: that is there says so before anything else", () => {
    expect(told(aRestore(ref, undefined), "RestoreTargetFound")).toBe(`True TargetAvailable: ${name} exists`);
  });
});

test("E6: a target that vanishes before its job starts is waited for again, and its job has its whole time afterwards", () => {
  const simulation = aRestore(FILES, MISSING);
  simulation.jobs.absent.clear();
  simulation.jobs.startsAs = { kind: "starting", code: "UNSCHEDULABLE", message: "no claim", sinceMs: 0 };
  pass(simulation, 20 * HOUR_MS);
  expect(told(simulation, "RestoreTargetFound")).toMatch(/^True /);
  expect(told(simulation, "RestoreJobCreated")).toMatch(/^Unknown /);
  simulation.jobs.absent.set(0, MISSING);
  pass(simulation, 60_000);
  expect(told(simulation, "RestoreTargetFound")).toMatch(/^False /);
  expect(told(simulation, "RestoreJobCreated")).toBeUndefined();
  pass(simulation, HOUR_MS);
  simulation.jobs.absent.clear();
  pass(simulation, 10_000);
  expect(told(simulation, "RestoreTargetFound")).toMatch(/^True /);
  pass(simulation, 290_000);
  expect(targetOf(simulation)).toMatchObject({ phase: "Pending", message: "no claim" });
  simulation.jobs.set(0, { kind: "running" });
  pass(simulation, 1_000);
  expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
});

test("E6: a reconciler that begins anew does not begin the wait anew", () => {
  const simulation = aRestore(FILES, MISSING);
  pass(simulation, 23 * HOUR_MS);
  simulation.restart();
  simulation.jobs.forget();
  pass(simulation, 1_000);
  expect(told(simulation, "RestoreTargetFound")).toMatch(/^False /);
  pass(simulation, HOUR_MS - 1_000);
  expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "NOT_FOUND" });
});

test("E6: a target that vanishes while its job runs does not stop it", () => {
  const simulation = aRestore(FILES, undefined);
  simulation.jobs.absent.set(0, MISSING);
  pass(simulation, 60_000);
  expect(told(simulation, "RestoreTargetFound")).toMatch(/^True /);
});

test("E6: a restore's own timeOut ends the wait for its target", () => {
  const simulation = aRestore(FILES, MISSING);
  simulation.restore = { ...simulation.restore, spec: { ...simulation.restore.spec, timeOut: "1h" } };
  pass(simulation, HOUR_MS);
  expect(simulation.status.phase).toBe("Failed");
  expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED" });
});

test("E6: a restore that makes its claims waits for none", () => {
  const simulation = aRestore(FILES, undefined, { volumeClaimTemplates: [{ metadata: { name: "files" } }] });
  expect(told(simulation, "RestoreTargetFound")).toBe("True TargetAvailable: its volume claims are made for it");
});

describe.each([
  ["claim", FILES, "PersistentVolumeClaim demo/files"],
  ["AppBinding", DB, "AppBinding demo/db"],
])("a session of a %s", (_what, ref, name) => {
  test("E6: that is away waits for it, says so, and goes on", () => {
    const simulation = aSession(ref, MISSING);
    expect(told(simulation, "BackupTargetFound")).toBe("False TargetNotAvailable: it does not exist");
    pass(simulation, 299_000);
    expect(targetOf(simulation)).toMatchObject({ phase: "Pending", reason: "TargetMissing" });
    simulation.jobs.absent.clear();
    pass(simulation, 500);
    expect(told(simulation, "BackupTargetFound")).toBe(`True TargetAvailable: ${name} exists`);
    expect(targetOf(simulation)).toMatchObject({ totalHosts: 1 });
  });

  test("E6: that stays away fails after some minutes, with NOT_FOUND", () => {
    const simulation = aSession(ref, MISSING);
    pass(simulation, 300_000);
    expect(targetOf(simulation)).toMatchObject({ phase: "Failed", reason: "NOT_FOUND" });
  });
});

describe("a workload that has a Task of its own", () => {
  const facts = {
    ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", namespace: "demo" },
    job: { problem: undefined, hosts: [{ hostname: "db", outcome: undefined }] },
    makesClaims: false,
  };

  test("E6: is looked for as any workload is", () => {
    expect(seenTarget({ ...facts, isWorkload: false })).toMatchObject({ sight: "missing" });
    expect(seenTarget({ ...facts, isWorkload: true })).toMatchObject({ sight: "found" });
  });

  test("E6: need not be there for a restore that makes its claims", () => {
    expect(seenTarget({ ...facts, isWorkload: false, makesClaims: true })).toBeUndefined();
  });
});

test("E6: of a target that only its own Functions know nothing is said", () => {
  const ref = { apiVersion: "example.org/v1", kind: "Thing", name: "one", namespace: "demo" };
  const job = { problem: undefined, hosts: [{ hostname: "one", outcome: { kind: "running" } as const }] };
  expect(seenTarget({ ref, job, isWorkload: false, makesClaims: false })).toBeUndefined();
});
