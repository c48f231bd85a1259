import { describe, expect, test } from "vitest";
import { BACKUP_WORDS } from "../../../../reconciler/backup-session/facts.ts";
import { podBehind } from "../../../../reconciler/hooks/service-place.ts";
import type { JobOutcome } from "../../../../reconciler/jobs/decide.ts";
import { jobsToEnd, stepEndedJob } from "../../../../reconciler/jobs/ended.ts";
import { jobHosts } from "../../../../reconciler/jobs/host.ts";
import { decideJobStart, type TargetJob } from "../../../../reconciler/jobs/of-target.ts";
import type { HostEntry, TargetEntry } from "../../../../reconciler/run/entries.ts";
import { aBackup, aRestore, DB_REF } from "./builders.ts";

const NOW = new Date("2024-01-01T00:10:00Z");
const running: JobOutcome = { kind: "running" };
const failed: JobOutcome = { kind: "failed", code: "OUT_OF_MEMORY", message: "too big" };
const starting: JobOutcome = {
  kind: "starting",
  code: "UNSCHEDULABLE",
  message: "0/3",
  sinceMs: NOW.getTime() - 60_000,
};
const JOB = { namespace: "demo", name: "j", uid: "u" };

function aJob(...outcomes: readonly (JobOutcome | undefined)[]): TargetJob {
  return {
    problem: undefined,
    hosts: outcomes.map((outcome, index) => ({
      hostname: `host-${index}`,
      job: outcome === undefined ? undefined : JOB,
      outcome,
    })),
  };
}

describe("at its turn a target", () => {
  test.each<[string, TargetJob, object]>([
    [
      "whose job can't be made is refused",
      { ...aJob(undefined), problem: { code: "NOT_FOUND", message: "no Task" } },
      { kind: "refuse", code: "NOT_FOUND" },
    ],
    ["without its job gets it", aJob(undefined), { kind: "make" }],
    ["of which one job is missing gets it", aJob(running, undefined), { kind: "make" }],
    ["whose job runs has its hosts", aJob(running), { kind: "hosts", hostnames: ["host-0"] }],
    [
      "of whose jobs one failed and one runs has both hosts",
      aJob(failed, running),
      { kind: "hosts", hostnames: ["host-0", "host-1"] },
    ],
    [
      "whose jobs all failed is refused",
      aJob(failed, failed),
      { kind: "refuse", code: "OUT_OF_MEMORY", message: "too big" },
    ],
    ["whose job ended without a result is refused", aJob({ kind: "complete" }), { kind: "refuse", code: "JOB_FAILED" }],
    ["whose job can't start is held", aJob(starting), { kind: "hold", code: "UNSCHEDULABLE", message: "0/3" }],
    [
      "whose job is there is held, though another could not be made now",
      { ...aJob(starting), problem: { code: "NOT_FOUND", message: "no Task" } },
      { kind: "hold", code: "UNSCHEDULABLE" },
    ],
    [
      "of whose jobs one failed and one can't start is held",
      aJob(failed, starting),
      { kind: "hold", code: "UNSCHEDULABLE" },
    ],
  ])("%s", (_what, job, expected) => {
    expect(decideJobStart(job)).toMatchObject(expected);
  });
});

function aTarget(...stats: readonly HostEntry[]): { readonly targets: readonly TargetEntry[] } {
  return { targets: [{ totalHosts: stats.length, stats }] };
}

const OPEN: HostEntry = { hostname: "host-0", phase: "Running" };
const ENDED: HostEntry = { hostname: "host-0", phase: "Succeeded" };

describe("a host whose job", () => {
  const step = (job: TargetJob, host: HostEntry, waitMs = 300_000): HostEntry | undefined => {
    const next = stepEndedJob(new Map([[0, job]]), aTarget(host), NOW, waitMs);
    return next !== undefined && "status" in next ? next.status.targets?.[0]?.stats?.[0] : undefined;
  };

  test("failed fails with what the job came to", () => {
    expect(step(aJob(failed), OPEN)).toMatchObject({ phase: "Failed", reason: "OUT_OF_MEMORY", error: "too big" });
  });

  test("is complete, though it reported nothing, fails (L20)", () => {
    expect(step(aJob({ kind: "complete" }), OPEN)).toMatchObject({ phase: "Failed", reason: "JOB_FAILED" });
  });

  test("failed after it had ended stays as it reported", () => {
    expect(step(aJob(failed), ENDED)).toBeUndefined();
  });

  test("runs goes on", () => {
    expect(step(aJob(running), OPEN)).toBeUndefined();
  });

  test("can't start its next container goes on for a while, then fails", () => {
    expect(step(aJob(starting), OPEN, 60_001)).toBeUndefined();
    expect(step(aJob(starting), OPEN, 60_000)).toMatchObject({ phase: "Failed", reason: "UNSCHEDULABLE" });
  });
});

describe("a job ends", () => {
  const ended = (job: TargetJob, target: TargetEntry) =>
    jobsToEnd(new Map([[0, job]]), { targets: [target] }, BACKUP_WORDS, NOW, 60_000);
  const refused: TargetEntry = {
    conditions: [{ type: "BackupExecutorEnsured", status: "False", lastTransitionTime: "2024-01-01T00:00:00Z" }],
  };

  test("when it can't start and its target was refused or its host given up", () => {
    expect(ended(aJob(starting), refused)).toEqual([JOB]);
    expect(ended(aJob(starting), { stats: [{ hostname: "host-0", phase: "Failed" }] })).toEqual([JOB]);
  });

  test("by itself otherwise", () => {
    expect(ended(aJob(starting), { stats: [OPEN] })).toEqual([]);
    expect(ended(aJob(running), { stats: [ENDED] })).toEqual([]);
    expect(ended(aJob(failed), refused)).toEqual([]);
    expect(ended(aJob({ ...starting, sinceMs: NOW.getTime() }), { stats: [ENDED] })).toEqual([]);
  });
});

describe("hosts of jobs are", () => {
  const hostsOf = (target: Readonly<Record<string, unknown>>) =>
    jobHosts(aRestore({ target }).member).map(({ hostname, ordinal }) => `${hostname} ${ordinal}`);
  const volumeClaimTemplates = [{ metadata: { name: "c-${POD_ORDINAL}" } }];

  test("one by alias, and one an ordinal where claims are made", () => {
    expect(jobHosts(aBackup({ target: { ref: DB_REF, alias: "db" } }).member)).toEqual([
      { hostname: "db", ordinal: undefined },
    ]);
    expect(hostsOf({ ref: DB_REF })).toEqual(["host-0 undefined"]);
    expect(hostsOf({ volumeClaimTemplates })).toEqual(["host-0 0"]);
    expect(hostsOf({ volumeClaimTemplates, replicas: 3 })).toEqual(["host-0 0", "host-1 1", "host-2 2"]);
    expect(hostsOf({ volumeClaimTemplates, replicas: 2, alias: "db" })).toEqual(["db-0 0", "db-1 1"]);
  });
});

describe("a command of a database's hook runs in", () => {
  const address = (name: string, kind = "Pod") => ({ ip: "1", targetRef: { kind, name } });

  test.each<[string, unknown, string | undefined]>([
    [
      "the first ready pod",
      { subsets: [{ notReadyAddresses: [address("a")] }, { addresses: [address("b"), address("c")] }] },
      "b",
    ],
    ["one that is not ready when none is", { subsets: [{ notReadyAddresses: [address("a")] }] }, "a"],
    ["no other object's address", { subsets: [{ addresses: [address("n", "Node"), { ip: "2" }] }] }, undefined],
    ["nothing when nothing is there", undefined, undefined],
  ])("%s", (_what, endpoints, expected) => {
    expect(podBehind(endpoints)).toBe(expected);
  });
});
