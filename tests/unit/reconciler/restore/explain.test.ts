import { describe, expect, test } from "vitest";
import { withReason } from "../../../../reconciler/restore/explain.ts";
import type { RestoreStatus } from "../../../../reconciler/restore/status.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const TIME = "2024-04-30T08:00:00Z";
const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const RESTORE = parseRestoreBatch({
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "RestoreBatch",
  metadata: { name: "back", namespace: "demo", uid: "uid" },
  spec: { repository: { name: "store" }, members: [{ target: { alias: "web", ref: REF } }] },
});

function told(status: RestoreStatus) {
  const { reason, message } = withReason(new RestoreSimulation(RESTORE, []).view(), status);
  return reason === undefined ? undefined : `${reason}: ${message}`;
}

function aCondition(type: string, status: "True" | "False", message: string) {
  return { type, status, reason: "R", message, lastTransitionTime: TIME } as const;
}

const WEB = { ref: REF, alias: "web", totalHosts: 1 } as const;
const FAILED = {
  ...WEB,
  phase: "Failed",
  stats: [{ hostname: "web", phase: "Failed", reason: "VOLUME_FULL", error: "full" }],
} as const;

describe("the reason at the top of a restore's status", () => {
  test.each<readonly [string, RestoreStatus, string | undefined]>([
    ["nothing when it succeeded", { phase: "Succeeded", reason: "R", message: "old" }, undefined],
    [
      "nothing while it goes on",
      { phase: "Running", startTime: TIME, targets: [{ ...WEB, stats: [{ hostname: "web", phase: "Running" }] }] },
      undefined,
    ],
    ["why it is invalid", { conditions: [aCondition("ValidationPassed", "False", "no members")] }, "R: no members"],
    ["the missing Repository", { conditions: [aCondition("RepositoryFound", "False", "none")] }, "R: none"],
    ["the look for recovery points", { reason: "RecoveryPointWanted", message: "looks" }, "RecoveryPointWanted: looks"],
    [
      "the deadline before what it made fail",
      { startTime: TIME, targets: [FAILED], conditions: [aCondition("DeadlineExceeded", "True", "late")] },
      "R: late",
    ],
    ["the member, host and error of a failure", { startTime: TIME, targets: [FAILED] }, "VOLUME_FULL: web: web: full"],
    [
      "a failure before those that wait",
      {
        startTime: TIME,
        targets: [{ ref: REF, alias: "db", reason: "EarlierMemberRunning", message: "waits" }, FAILED],
      },
      "VOLUME_FULL: web: web: full",
    ],
    [
      "a hook that failed a member",
      {
        startTime: TIME,
        targets: [{ ...WEB, conditions: [aCondition("PostRestoreHookExecutionSucceeded", "False", "exit 1")] }],
      },
      "HOOK_FAILED: web: exit 1",
    ],
    [
      "a global hook that failed at the end",
      {
        phase: "Failed",
        startTime: TIME,
        targets: [{ ...WEB, phase: "Succeeded" }],
        conditions: [aCondition("GlobalPostRestoreHookSucceeded", "False", "exit 2")],
      },
      "R: exit 2",
    ],
    [
      "what a member waits for",
      {
        startTime: TIME,
        targets: [
          { ref: REF, alias: "web", reason: "TargetNotAvailable", message: "Deployment demo/web does not exist" },
        ],
      },
      "TargetNotAvailable: web: Deployment demo/web does not exist",
    ],
    [
      "the pod that a host waits for",
      { startTime: TIME, targets: [{ ...WEB, phase: "Running", stats: [{ hostname: "web", phase: "Pending" }] }] },
      "PodNotReady: web: host web waits for a pod whose init-container runs: Deployment demo/web does not exist",
    ],
  ])("is %s", (_name, status, expected) => {
    expect(told(status)).toBe(expected);
  });
});

test("a StatefulSet's pod that waits for another restore is named, with what to do: its controller never replaces it", () => {
  const status: RestoreStatus = {
    startTime: TIME,
    targets: [{ ...WEB, phase: "Running", stats: [{ hostname: "web", phase: "Pending" }] }],
  };
  const heldElsewhere = new Map([["Deployment/demo/web", [{ pod: "web-0", waitsFor: "RestoreBatch/wrong" }]]]);
  const view = { ...new RestoreSimulation(RESTORE, []).view(), heldElsewhere };
  expect(withReason(view, status).message).toBe(
    "web: pod web-0 still waits for RestoreBatch wrong, and a StatefulSet replaces no pod that is not ready: delete the pod",
  );
});
