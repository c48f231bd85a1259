/** What the pages say of drills: a mark on each point, the drill itself, and how long recoveries took. */
import { describe, expect, test } from "vitest";
import { decideApplication } from "../../../../cli/ui/views/decide-application.ts";
import { decideOverview } from "../../../../cli/ui/views/decide-overview.ts";
import { decidePoints } from "../../../../cli/ui/views/decide-points.ts";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../../../shared/api/backup-verifier.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { aBatch, aSession, hoursAgo, NOW_MS } from "../../../support/cli/objects.ts";
import { aWorld } from "../../../support/cli/ui-world.ts";

const SHOP = { kind: "BackupBatch", namespace: "demo", name: "shop" };
const ask = (facts: Parameters<typeof aWorld>[0], query: Readonly<Record<string, string>> = SHOP) => ({
  world: aWorld({ invokers: [aBatch()], sessions: [aSession()], ...facts }),
  query,
  nowMs: NOW_MS,
});

const aVerifier = (spec: object = {}, name = "nightly") =>
  parseBackupVerifier({
    apiVersion: KINDS.BackupVerifier.apiVersion,
    kind: "BackupVerifier",
    metadata: { name, namespace: "demo" },
    spec: { invoker: { kind: "BackupBatch", name: "shop" }, ...spec },
  });

interface DrillFacts {
  readonly name?: string;
  readonly phase?: string;
  readonly hoursAgo?: number;
  readonly status?: object;
  readonly verifier?: string;
}

function aDrill({
  name = "drill-1",
  phase = "Succeeded",
  status = {},
  verifier = "nightly",
  ...facts
}: DrillFacts = {}) {
  const madeHours = facts.hoursAgo ?? 4;
  return parseBackupVerificationSession({
    apiVersion: KINDS.BackupVerificationSession.apiVersion,
    kind: "BackupVerificationSession",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, creationTimestamp: hoursAgo(madeHours) },
    spec: { verifier, trigger: "Scheduled" },
    status: {
      phase,
      invoker: { kind: "BackupBatch", name: "shop" },
      point: { session: "shop-1", time: hoursAgo(5) },
      startTime: hoursAgo(madeHours),
      ...(phase !== "Running" && { completionTime: hoursAgo(madeHours - 0.01), recoverySeconds: 41 }),
      ...status,
    },
  });
}

const store = (points: readonly object[]) => ({
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name: "store", namespace: "demo" },
  spec: {},
  status: { points },
});

const markOf = (facts: Parameters<typeof aWorld>[0]) => decidePoints(ask(facts)).rows[0]?.proof;

describe("the mark on a point", () => {
  test("is not proven where nobody restored it, and not known where drills can't be read", () => {
    expect(markOf({})).toEqual({ state: "None" });
    expect(markOf({ unreadable: ["BackupVerificationSession"] })).toEqual({ state: "Unknown" });
  });

  test("is proven by a drill that is kept, with the time that it took", () => {
    const drills = [aDrill({ status: { message: "12 tables, 2,867 files" } })];
    expect(markOf({ drills })).toMatchObject({
      state: "Proven",
      by: "drill-1",
      isKept: true,
      recoverySeconds: 41,
      summary: "12 tables, 2,867 files",
    });
  });

  test("is proven by what the Repository keeps of a drill that is gone", () => {
    const proven = { by: "drill-0", time: hoursAgo(3), recoverySeconds: 9, summary: "8 files" };
    const point = { session: "shop-1", time: hoursAgo(5), complete: true, invoker: SHOP, proven };
    expect(markOf({ repositories: [store([point])] })).toMatchObject({
      state: "Proven",
      by: "drill-0",
      isKept: false,
      recoverySeconds: 9,
    });
    // A session of a reused name made another point.
    const other = { ...point, time: hoursAgo(500) };
    expect(markOf({ repositories: [store([other])] })).toEqual({ state: "None" });
    // Another cluster's point of the same name was proven, not this one.
    const theirs = { ...point, cluster: "other" };
    expect(markOf({ repositories: [store([theirs])] })).toEqual({ state: "None" });
  });

  test("a drill that failed counts more than an earlier one that proved it, which is told, too", () => {
    const bad = aDrill({
      name: "drill-2",
      phase: "Failed",
      hoursAgo: 1,
      status: { reason: "RESTORED_FILE_MISSING", message: "web: index.html" },
    });
    expect(markOf({ drills: [aDrill(), bad] })).toMatchObject({
      state: "Failed",
      by: "drill-2",
      code: "RESTORED_FILE_MISSING",
      message: "web: index.html",
      before: { by: "drill-1", recoverySeconds: 41 },
    });
    const good = aDrill({ name: "drill-3", hoursAgo: 0.5 });
    expect(markOf({ drills: [aDrill(), bad, good] })).toMatchObject({ state: "Proven", by: "drill-3" });
  });

  test("a drill at work is told, and one that was skipped says nothing", () => {
    expect(markOf({ drills: [aDrill({ phase: "Running" })] })).toMatchObject({ state: "Running", by: "drill-1" });
    expect(markOf({ drills: [aDrill({ phase: "Skipped" })] })).toEqual({ state: "None" });
  });

  test("a drill of another namespace marks nothing", () => {
    const drill = aDrill();
    const elsewhere = { ...drill, metadata: { ...drill.metadata, namespace: "other" } };
    expect(markOf({ drills: [elsewhere] })).toEqual({ state: "None" });
  });
});

describe("recoveries over time", () => {
  const recoveries = (facts: Parameters<typeof aWorld>[0]) => decideApplication(ask(facts)).recoveries;

  test("are those of drills that are kept and of points, each once, oldest first, with the verifier's limit", () => {
    const proven = (by: string, hours: number) => ({ by, time: hoursAgo(hours), recoverySeconds: 60 });
    const point = (session: string, hours: number, by: string) => {
      return { session, time: hoursAgo(hours), complete: true, invoker: SHOP, proven: proven(by, hours - 1) };
    };
    const repositories = [store([point("shop-0", 50, "drill-0"), point("shop-1", 5, "drill-1")])];
    const found = recoveries({ repositories, drills: [aDrill()], verifiers: [aVerifier({ maxRecoveryTime: "2m" })] });
    expect(found).toMatchObject({ isVerified: true, limitSeconds: 120 });
    expect(found?.rows.map(({ drill, seconds }) => [drill, seconds])).toEqual([
      ["drill-0", 60],
      ["drill-1", 41],
    ]);
  });

  test("are none where nobody looks, and a failed drill measured nothing", () => {
    expect(recoveries({})).toEqual({ isVerified: false, limitSeconds: undefined, rows: [] });
    const failed = aDrill({ phase: "Failed" });
    expect(recoveries({ drills: [failed], verifiers: [aVerifier()] })).toMatchObject({ isVerified: true, rows: [] });
  });
});

describe("a drill", () => {
  const shown = (drill: ReturnType<typeof aDrill>, more: Parameters<typeof aWorld>[0] = {}) =>
    decideApplication(
      ask({ drills: [drill], ...more }, { ...SHOP, run: `BackupVerificationSession/${drill.metadata.name}` }),
    ).run;

  test("stands among the runs, with its steps, and a lane a member with what was found", () => {
    const drill = aDrill({
      phase: "Failed",
      status: {
        reason: "RECOVERY_NOT_PROVEN",
        message: "db: 3 rows gone",
        restoreStartTime: hoursAgo(3.9),
        restoreEndTime: hoursAgo(3.8),
        outcome: "Failed",
        completionTime: hoursAgo(3.7),
        pointAgeSeconds: 3_600,
        members: [
          { alias: "db", phase: "Failed", message: "3 rows gone", restoreSeconds: 30, tableCount: 2, rows: 9 },
          { alias: "web", phase: "Succeeded", files: 20, bytes: 300, unproven: ["18 files: sample 2%"] },
        ],
        checks: [{ name: "files of web", ok: true }],
      },
    });
    const run = shown(drill, { verifiers: [aVerifier({ maxRecoveryTime: "10s" })] });
    expect(run).toMatchObject({
      kind: "BackupVerificationSession",
      phase: "Failed",
      code: "RECOVERY_NOT_PROVEN",
      hasEnded: true,
      point: "shop-1",
      failure: { code: "RECOVERY_NOT_PROVEN", message: "db: 3 rows gone", next: expect.any(String) },
      drill: { verifier: "nightly", limitSeconds: 10, pointAgeSeconds: 3_600, checks: [{ isGood: true }] },
    });
    expect(run?.drill?.steps.map(({ label, phase }) => [label, phase])).toEqual([
      ["made ready", "Succeeded"],
      ["restored", "Succeeded"],
      ["looked at, and removed", "Failed"],
    ]);
    expect(run?.lanes).toMatchObject([
      { name: "db", failure: { message: "3 rows gone" }, spans: [{ kind: "host" }], proof: { rows: 9 } },
      { name: "web", proof: { files: 20, unproven: ["18 files: sample 2%"] } },
    ]);
  });

  test("at work shows the hosts of what restores for it, which is no run of its own", () => {
    const ref = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "drill-1-db" };
    const restore = parseRestoreBatch({
      apiVersion: KINDS.RestoreBatch.apiVersion,
      kind: "RestoreBatch",
      metadata: {
        name: "drill-1",
        namespace: "demo",
        creationTimestamp: hoursAgo(0),
        ownerReferences: [
          {
            apiVersion: "stash.appscode.com/v1beta1",
            kind: "BackupVerificationSession",
            name: "drill-1",
            uid: "uid-drill-1",
          },
        ],
      },
      spec: { session: "shop-1" },
      status: {
        phase: "Running",
        members: [
          {
            ref,
            alias: "db",
            phase: "Running",
            stats: [{ hostname: "db-0", phase: "Running", startedAt: hoursAgo(0) }],
          },
        ],
      },
    });
    const members = [{ alias: "db", phase: "Running" }];
    const drill = aDrill({ phase: "Running", status: { step: "Restoring", members } });
    const view = decideApplication(
      ask({ drills: [drill], restores: [restore] }, { ...SHOP, run: "BackupVerificationSession/drill-1" }),
    );
    expect(view.runs.rows.map(({ kind }) => kind).sort()).toEqual(["BackupSession", "BackupVerificationSession"]);
    expect(view.run).toMatchObject({
      hasEnded: false,
      drill: { step: "Restoring" },
      lanes: [{ hosts: [{ name: "db-0" }] }],
    });
  });

  test("whose verifier is gone is still the application's, and one that has told nothing yet is its verifier's", () => {
    const runsOf = (facts: Parameters<typeof aWorld>[0]) =>
      decideApplication(ask(facts)).runs.rows.filter(({ kind }) => kind === "BackupVerificationSession").length;
    expect(runsOf({ drills: [aDrill({ verifier: "gone" })] })).toBe(1);
    const fresh = { ...aDrill(), status: {} };
    expect(runsOf({ drills: [fresh] })).toBe(0);
    expect(runsOf({ drills: [fresh], verifiers: [aVerifier()] })).toBe(1);
    const others = aVerifier({ invoker: { kind: "BackupConfiguration", name: "shop" } });
    expect(runsOf({ drills: [fresh], verifiers: [others] })).toBe(0);
  });
});

test("the overview tells when an application was last proven", () => {
  const lastProven = { by: "drill-1", time: hoursAgo(3), recoverySeconds: 41 };
  const invokers = [aBatch({ status: { lastProven } })];
  expect(decideOverview(ask({ invokers }, {})).rows[0]?.proven).toEqual({ time: hoursAgo(3), recoverySeconds: 41 });
});
