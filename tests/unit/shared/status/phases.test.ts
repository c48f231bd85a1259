import { describe, expect, test } from "vitest";
import { backupSessionPhase, backupTargetPhase, type SessionFacts } from "../../../../shared/status/backup-phase.ts";
import { type ConditionFact, withCondition } from "../../../../shared/status/conditions.ts";
import { invokerPhase } from "../../../../shared/status/invoker-phase.ts";
import { restoreMemberPhase, restorePhase } from "../../../../shared/status/restore-phase.ts";

const at = "2026-01-01T00:00:00Z";

function conditions(facts: Record<string, "True" | "False" | "Unknown">): readonly ConditionFact[] {
  return Object.entries(facts).map(([type, status]) => ({ type, status, lastTransitionTime: at }));
}

function hosts(...phases: readonly string[]) {
  return phases.map((phase, index) => ({ hostname: `host-${index}`, phase }));
}

describe("an invoker", () => {
  const good = {
    RepositoryFound: "True",
    BackendSecretFound: "True",
    ValidationPassed: "True",
    CronJobCreated: "True",
  } as const;

  test.each([
    ["Ready", "Restic", good],
    ["NotReady", "Restic", { ...good, RepositoryFound: "False" }],
    ["NotReady", "Restic", { ...good, BackendSecretFound: "Unknown" }],
    ["Invalid", "Restic", { ...good, ValidationPassed: "False" }],
    ["NotReady", "Restic", { ...good, RepositoryFound: "False", ValidationPassed: "False" }],
    ["NotReady", "Restic", { ...good, CronJobCreated: "False" }],
    ["NotReady", "Restic", {}],
    ["Ready", "VolumeSnapshotter", { ValidationPassed: "True", CronJobCreated: "True" }],
    ["NotReady", "Restic", { ValidationPassed: "True", CronJobCreated: "True" }],
  ] as const)("is %s with driver %s and %j", (phase, driver, facts) => {
    expect(invokerPhase({ driver, conditions: conditions(facts) })).toBe(phase);
  });
});

describe("a backup target", () => {
  test.each([
    ["Pending", {}],
    ["Running", { totalHosts: 2, stats: hosts("Succeeded") }],
    ["Running", { totalHosts: 2, stats: hosts("Succeeded", "Running") }],
    ["Succeeded", { totalHosts: 2, stats: hosts("Succeeded", "Succeeded") }],
    ["Failed", { totalHosts: 2, stats: hosts("Succeeded", "Failed") }],
    ["Running", { totalHosts: 2, stats: hosts("Failed") }],
    ["Failed", { totalHosts: 1, conditions: conditions({ PreBackupHookExecutionSucceeded: "False" }) }],
    [
      "Failed",
      {
        totalHosts: 1,
        stats: hosts("Succeeded"),
        conditions: conditions({ PostBackupHookExecutionSucceeded: "False" }),
      },
    ],
    ["Failed", { conditions: conditions({ BackupExecutorEnsured: "False" }) }],
    ["Failed", { totalHosts: 1, conditions: conditions({ BackupDisrupted: "True" }) }],
  ] as const)("is %s with %j", (phase, target) => {
    expect(backupTargetPhase(target)).toBe(phase);
  });
});

describe("a backup session", () => {
  const recorded = { MetricsPushed: "True" } as const;

  test.each<[string, SessionFacts]>([
    ["Pending", { targets: [] }],
    ["Pending", { targets: ["Pending", "Pending"] }],
    ["Running", { targets: ["Running", "Pending"] }],
    ["Running", { targets: ["Pending"], conditions: conditions({ GlobalPreBackupHookSucceeded: "True" }) }],
    ["Running", { targets: ["Succeeded", "Succeeded"] }],
    ["Succeeded", { targets: ["Succeeded", "Succeeded"], conditions: conditions(recorded) }],
    ["Failed", { targets: ["Succeeded", "Failed"], conditions: conditions(recorded) }],
    ["Failed", { targets: ["Succeeded", "Running"], conditions: conditions(recorded) }],
    ["Failed", { targets: [], conditions: conditions({ ...recorded, GlobalPreBackupHookSucceeded: "False" }) }],
    [
      "Failed",
      { targets: ["Succeeded"], conditions: conditions({ ...recorded, GlobalPostBackupHookSucceeded: "False" }) },
    ],
    ["Failed", { targets: ["Succeeded"], conditions: conditions({ ...recorded, DeadlineExceeded: "True" }) }],
    [
      "Failed",
      { targets: ["Succeeded"], conditions: conditions({ ...recorded, RepositoryIntegrityVerified: "False" }) },
    ],
    ["Skipped", { targets: [], conditions: conditions({ BackupSkipped: "True" }) }],
    ["Running", { targets: ["Pending"], conditions: conditions({ DeadlineExceeded: "True" }) }],
  ])("is %s with %j", (phase, session) => {
    expect(backupSessionPhase(session)).toBe(phase);
  });

  test("that upstream ended with metrics that it could not push stays Failed, and is never gone on with", () => {
    const ended = conditions({ MetricsPushed: "False", BackupHistoryCleaned: "True" });
    expect(backupSessionPhase({ targets: ["Succeeded"], conditions: ended })).toBe("Failed");
    expect(backupSessionPhase({ targets: ["Running"], conditions: ended })).toBe("Failed");
    expect(restorePhase({ members: ["Succeeded"], conditions: ended })).toBe("Failed");
  });

  test("L59, L63: a failed retention, metrics push or clean-up leaves a good backup good", () => {
    const facts = {
      ...recorded,
      RetentionPolicyApplied: "False",
      RepositoryMetricsPushed: "False",
      BackupHistoryCleaned: "False",
    } as const;
    expect(backupSessionPhase({ targets: ["Succeeded"], conditions: conditions(facts) })).toBe("Succeeded");
  });
});

describe("a restore", () => {
  test.each([
    ["Pending", {}],
    ["Pending", { totalHosts: 1, conditions: conditions({ RestoreTargetFound: "False" }) }],
    ["Running", { totalHosts: 2, stats: hosts("Succeeded") }],
    ["Unknown", { totalHosts: 2, stats: hosts("Failed", "Unknown") }],
    ["Failed", { totalHosts: 2, stats: hosts("Failed", "Succeeded") }],
    ["Succeeded", { totalHosts: 1, stats: hosts("Succeeded") }],
    [
      "Failed",
      {
        totalHosts: 1,
        stats: hosts("Succeeded"),
        conditions: conditions({ PostRestoreHookExecutionSucceeded: "False" }),
      },
    ],
  ] as const)("member is %s with %j", (phase, member) => {
    expect(restoreMemberPhase(member)).toBe(phase);
  });

  test("L51: is not final before the global postRestore hook ran and everything was recorded", () => {
    expect(restorePhase({ members: ["Failed"] })).toBe("Running");
    expect(restorePhase({ members: ["Failed"], conditions: conditions({ MetricsPushed: "True" }) })).toBe("Failed");
  });

  test("L50: is Invalid when it is not allowed, whatever its members say", () => {
    expect(restorePhase({ members: ["Pending"], conditions: conditions({ ValidationPassed: "False" }) })).toBe(
      "Invalid",
    );
  });

  test("succeeds when every member did, and the hooks too", () => {
    expect(restorePhase({ members: ["Succeeded"], conditions: conditions({ MetricsPushed: "True" }) })).toBe(
      "Succeeded",
    );
    const failedHook = conditions({ MetricsPushed: "True", GlobalPostRestoreHookSucceeded: "False" });
    expect(restorePhase({ members: ["Succeeded"], conditions: failedHook })).toBe("Failed");
  });
});

describe("setting a condition", () => {
  const now = new Date("2026-01-02T03:04:05.678Z");
  const next = { type: "RepositoryFound", status: "True", reason: "RepositoryAvailable", message: "found" } as const;

  test("appends a new type with the time in whole seconds", () => {
    expect(withCondition(undefined, next, now)).toEqual([{ ...next, lastTransitionTime: "2026-01-02T03:04:05Z" }]);
  });

  test("returns the same list when nothing changed, so that nothing is written", () => {
    const first = withCondition(undefined, next, now);
    expect(withCondition(first, next, new Date())).toBe(first);
  });

  test("keeps the transition time when only the message changed", () => {
    const first = withCondition(undefined, next, now);
    const second = withCondition(first, { ...next, message: "still found" }, new Date("2026-02-01T00:00:00Z"));
    expect(second[0]).toMatchObject({ message: "still found", lastTransitionTime: "2026-01-02T03:04:05Z" });
    const third = withCondition(second, { ...next, status: "False" }, new Date("2026-02-01T00:00:00Z"));
    expect(third[0]).toMatchObject({ status: "False", lastTransitionTime: "2026-02-01T00:00:00Z" });
  });
});
