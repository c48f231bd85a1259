import { describe, expect, test } from "vitest";
import { readRestoreStatus, writeRestoreStatus } from "../../../../reconciler/restore/status.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";

const TIME = "2024-04-30T08:00:00Z";

function aCondition(type: string) {
  return { type, status: "True", lastTransitionTime: TIME, reason: "R", message: "m" } as const;
}

describe("the status of a RestoreSession", () => {
  const restore = parseRestoreSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "back", namespace: "demo" },
    spec: { target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
    status: {
      phase: "Running",
      startTime: TIME,
      alias: "web",
      totalHosts: 1,
      stats: [{ hostname: "web", phase: "Running" }],
      hooks: [{ type: "preRestore", hostname: "web" }],
      conditions: [aCondition("RepositoryFound"), aCondition("RestoreTargetFound"), aCondition("ValidationPassed")],
    },
  });

  test("is read as that of a restore with one member", () => {
    const status = readRestoreStatus(restore);
    expect(status.conditions?.map(({ type }) => type)).toEqual(["RepositoryFound", "ValidationPassed"]);
    expect(status.hooks).toBeUndefined();
    expect(status.targets).toEqual([
      {
        ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" },
        alias: "web",
        totalHosts: 1,
        stats: [{ hostname: "web", phase: "Running" }],
        hooks: [{ type: "preRestore", hostname: "web" }],
        conditions: [aCondition("RestoreTargetFound")],
      },
    ]);
  });

  test("comes back as it was, conditions in their old order", () => {
    expect(writeRestoreStatus(restore, readRestoreStatus(restore))).toEqual(restore.status);
  });

  test.each(["RestoreTargetFound", "RestoreJobCreated", "VolumesFree", "RestoreExecutorEnsured"])(
    "has %s as its member's",
    (type) => {
      const status = { startTime: TIME, conditions: [aCondition("RepositoryFound"), aCondition(type)] };
      const { conditions, targets } = readRestoreStatus(parseRestoreSession({ ...restore, status }));
      expect(conditions).toEqual([aCondition("RepositoryFound")]);
      expect(targets?.[0]?.conditions).toEqual([aCondition(type)]);
    },
  );

  test("has no member before it began", () => {
    const fresh = parseRestoreSession({ ...restore, status: { conditions: [aCondition("RepositoryFound")] } });
    expect(readRestoreStatus(fresh).targets).toBeUndefined();
  });

  test("new conditions come after those that were there", () => {
    const status = readRestoreStatus(restore);
    const next = { ...status, conditions: [...(status.conditions ?? []), aCondition("DeadlineExceeded")] };
    expect(writeRestoreStatus(restore, next).conditions?.map(({ type }) => type)).toEqual([
      "RepositoryFound",
      "RestoreTargetFound",
      "ValidationPassed",
      "DeadlineExceeded",
    ]);
  });
});

test("the status of a RestoreBatch comes back as it was", () => {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo" },
    spec: {},
    status: {
      phase: "Running",
      conditions: [aCondition("RestoreTargetFound")],
      members: [{ ref: { kind: "Deployment", name: "web" }, phase: "Pending" }],
      hooks: [{ type: "preRestore" }],
    },
  });
  expect(readRestoreStatus(restore).targets).toHaveLength(1);
  expect(writeRestoreStatus(restore, readRestoreStatus(restore))).toEqual(restore.status);
});
