import { describe, expect, test } from "vitest";
import { decideRepositoryStatus } from "../../../../reconciler/repository/decide.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import type { RepositoryStatus } from "../../../../shared/api/repository.ts";

interface SessionShape {
  readonly createdAt: string;
  readonly phase?: string;
  readonly hostPhase?: string;
  readonly results?: readonly object[];
  readonly readDataSubset?: string;
}

function aSession({
  createdAt,
  phase = "Succeeded",
  hostPhase = "Succeeded",
  results = [],
  readDataSubset,
}: SessionShape): BackupSession {
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: `nightly-${Date.parse(createdAt) / 1_000}`, namespace: "demo", creationTimestamp: createdAt },
    spec: { invoker: { kind: "BackupBatch", name: "nightly" }, dueTime: createdAt },
    status: {
      phase,
      targets: [
        {
          stats: [
            {
              hostname: "host-0",
              phase: hostPhase,
              snapshots: hostPhase === "Succeeded" ? [{ name: "abcd" }] : [],
              results,
              ...(readDataSubset !== undefined && { actionParams: { readDataSubset } }),
            },
          ],
        },
      ],
    },
  });
}

function fold(sessions: readonly SessionShape[], status?: RepositoryStatus): RepositoryStatus {
  const all = sessions.map(aSession);
  return decideRepositoryStatus(
    { namespace: "demo", generation: 2, status, references: [], sessions: all, seers: all },
    NOW,
  );
}

const NOW = new Date("2026-01-03T00:00:00Z");
const DAY_1 = "2026-01-01T03:00:00Z";
const DAY_2 = "2026-01-02T03:00:00Z";
const retention = { action: "ApplyRetentionPolicy", phase: "Succeeded", kept: 7, removed: 2 };
const numbers = { action: "SendRepositoryMetrics", phase: "Succeeded", totalSizeBytes: 12_944_000, snapshotCount: 9 };
const check = (at: string, facts: object = {}) => ({
  action: "VerifyRepositoryIntegrity",
  phase: "Succeeded",
  integrity: true,
  finishedAt: at,
  ...facts,
});

describe("what sessions tell of their Repository", () => {
  test("sizes, counts and times come from the newest that saved anything", () => {
    const status = fold([
      { createdAt: DAY_2, results: [retention, numbers] },
      { createdAt: DAY_1, results: [{ ...numbers, totalSizeBytes: 1 }] },
    ]);
    expect(status).toMatchObject({
      observedGeneration: 2,
      firstBackupTime: DAY_1,
      lastBackupTime: DAY_2,
      totalSize: "12.344 MiB",
      snapshotCount: 9,
      snapshotsRemovedOnLastCleanup: 2,
      lastRecoveryPoint: { session: `nightly-${Date.parse(DAY_2) / 1_000}`, time: DAY_2 },
    });
  });

  test("L63: firstBackupTime is written, and stays when the first session is long gone", () => {
    const first = fold([{ createdAt: DAY_1 }]);
    expect(fold([{ createdAt: DAY_2 }], first).firstBackupTime).toBe(DAY_1);
  });

  test("what is known is not replaced by an older session that outlived a newer one", () => {
    const known = fold([{ createdAt: DAY_2, results: [retention, numbers] }]);
    const after = fold([{ createdAt: DAY_1, results: [{ ...numbers, snapshotCount: 1 }, check(DAY_1)] }], {
      ...known,
      lastCheckTime: DAY_2,
    });
    expect(after).toEqual({ ...known, lastCheckTime: DAY_2 });
  });

  test("a session that saved nothing is no backup, and one that failed no recovery point", () => {
    const known = fold([{ createdAt: DAY_1 }]);
    expect(fold([{ createdAt: DAY_2, phase: "Failed", hostPhase: "Failed" }], known)).toEqual(known);
    expect(fold([{ createdAt: DAY_2, phase: "Failed" }], known)).toMatchObject({
      lastBackupTime: DAY_2,
      lastRecoveryPoint: { time: DAY_1 },
    });
  });

  test("without a count of its own, what retention kept is the count", () => {
    expect(fold([{ createdAt: DAY_1, results: [retention] }]).snapshotCount).toBe(7);
  });

  test("work that failed or still runs tells nothing", () => {
    const results = [
      { ...retention, phase: "Failed" },
      { ...numbers, phase: "Running" },
    ];
    const status = fold([{ createdAt: DAY_1, results }]);
    expect(status).not.toHaveProperty("snapshotCount");
    expect(status).not.toHaveProperty("totalSize");
  });

  test("folding twice changes nothing", () => {
    const sessions = [{ createdAt: DAY_1, results: [retention, numbers, check(DAY_1)] }];
    const once = fold(sessions);
    expect(fold(sessions, once)).toEqual(once);
  });
});

describe("D25: the last removal of snapshots", () => {
  const removal = (removed: number, change: object = {}) => ({ ...retention, removed, finishedAt: DAY_1, ...change });
  const of = (at: string) => `nightly-${Date.parse(at) / 1_000} ${DAY_1}`;

  test("is that of the newest session which removed some, or of which nobody knows", () => {
    const status = fold([
      { createdAt: DAY_2, results: [removal(0)] },
      { createdAt: DAY_1, results: [removal(3)] },
    ]);
    expect(status.lastRemoval).toContain(of(DAY_1));
    const failed = removal(0, { phase: "Failed", removed: undefined });
    expect(fold([{ createdAt: DAY_2, results: [failed] }], status).lastRemoval).toContain(of(DAY_2));
  });

  test("stays when its session has gone", () => {
    const status = fold([{ createdAt: DAY_1, results: [removal(3)] }]);
    expect(fold([], status).lastRemoval).toBe(status.lastRemoval);
    expect(fold([{ createdAt: DAY_1, results: [removal(0)] }])).not.toHaveProperty("lastRemoval");
  });
});

test("D13: what sessions of an older version checked is not the Repository's: its maintenance alone says", () => {
  expect(fold([{ createdAt: DAY_1, results: [check(DAY_1)] }])).not.toHaveProperty("lastCheckTime");
});

test("L88: references are what names the Repository now, whatever stood there", () => {
  const stale = { kind: "Nothing", namespace: "gone", name: "gone" };
  const references = [{ kind: "BackupBatch", namespace: "demo", name: "nightly" }];
  const view = {
    namespace: "demo",
    generation: 1,
    status: { references: [stale] },
    references,
    sessions: [],
    seers: [],
  };
  const status = decideRepositoryStatus(view, NOW);
  expect(status.references).toEqual(references);
});

test("a clock that was ahead freezes neither the last backup nor the last point", () => {
  const ahead = "2027-01-01T03:00:00Z";
  const frozen = {
    lastBackupTime: ahead,
    lastRecoveryPoint: { session: "ahead", time: ahead },
    firstBackupTime: DAY_1,
  };
  expect(fold([{ createdAt: ahead }, { createdAt: DAY_2 }], frozen)).toMatchObject({
    lastBackupTime: DAY_2,
    lastRecoveryPoint: { time: DAY_2 },
  });
  expect(fold([{ createdAt: ahead }]).lastRecoveryPoint).toBeUndefined();
});
