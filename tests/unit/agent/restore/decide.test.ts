import { describe, expect, test } from "vitest";
import { decideHostTurn, type RestoreFacts } from "../../../../agent/restore/decide.ts";
import type { ReleaseMode } from "../../../../shared/api/closed-lists.ts";
import type { HostRun } from "../../../../shared/api/host-run.ts";
import { aHostRun } from "../../../support/objects/host-runs.ts";

function decide(facts: Partial<RestoreFacts>) {
  return decideHostTurn({ runs: [], wasThere: false, isOneTurn: false, begun: undefined, ...facts });
}

function aTurn(status?: HostRun["status"], spec: Partial<HostRun["spec"]> = {}): HostRun {
  return aHostRun({ spec: { work: "Restore", ...spec }, ...(status !== undefined && { status }) });
}

function aRelease(mode: ReleaseMode): HostRun {
  return aHostRun({ name: "web-1-go", spec: { work: "Restore", host: "", release: { mode, message: "it is gone" } } });
}

describe("an init-container", () => {
  test("waits until its host runs were read, and then for its turn", () => {
    expect(decide({ runs: undefined })).toMatchObject({ kind: "wait" });
    expect(decide({})).toEqual({ kind: "wait", why: "the turn of this pod has not come yet" });
  });

  test("restores when its turn has come, and goes on with one that it was in the middle of", () => {
    expect(decide({ runs: [aTurn()] })).toMatchObject({ kind: "restore" });
    expect(decide({ runs: [aTurn({ phase: "Running" })] })).toMatchObject({ kind: "restore" });
  });

  test("starts the application again and again once its host was restored", () => {
    expect(decide({ runs: [aTurn({ phase: "Succeeded" })] })).toMatchObject({ kind: "start" });
  });

  test("starts the application when the reconciler says that there is nothing to wait for", () => {
    expect(decide({ runs: [aRelease("Always")] })).toEqual({ kind: "start", why: "it is gone" });
    expect(decide({ runs: [aRelease("IfWhole")] })).toEqual({ kind: "start", why: "it is gone" });
  });

  test("fails for good, with the next step, where this pod had begun to write what nobody restores any more", () => {
    const begun = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Hold" } as const;
    expect(decide({ begun })).toMatchObject({ kind: "wait" });
    expect(decide({ begun, runs: [aRelease("IfWhole")] })).toEqual({
      kind: "fail",
      why: "it is gone; RestoreBatch demo/back had begun to write the data of host web, which is not whole now (next: restore it again, or delete this pod to start the application on what there is)",
    });
  });

  test("starts the application on half-restored data only where the restore said onFailure: Start", () => {
    const begun = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Start" } as const;
    expect(decide({ begun, runs: [aRelease("IfWhole")] })).toMatchObject({ kind: "start" });
  });

  test("L37: waits for a new attempt when its restore failed, and says why", () => {
    const failed = aTurn({ phase: "Failed", error: "no space" });
    expect(decide({ runs: [failed] })).toEqual({ kind: "wait", why: "the restore failed: no space" });
    const again = aHostRun({ name: "again", spec: { work: "Restore", attempt: 2 } });
    expect(decide({ runs: [failed, again] })).toMatchObject({ kind: "restore" });
  });

  test("L37: is held when its restore failed in another pod, says why, and takes the turn of the next restore", () => {
    expect(decide({ runs: [aRelease("Never")] })).toEqual({ kind: "wait", why: "it is gone" });
    expect(decide({ runs: [aRelease("Never"), aTurn()] })).toMatchObject({ kind: "restore" });
  });

  test("starts the application when the restore says onFailure: Start", () => {
    const failed = aTurn({ phase: "Failed", error: "no space" }, { restore: { onFailure: "Start" } });
    expect(decide({ runs: [failed] })).toMatchObject({ kind: "start" });
  });

  test("does nothing of a turn that was taken back", () => {
    const cancel = { reason: "DEADLINE_EXCEEDED", message: "too late" };
    expect(decide({ runs: [aTurn(undefined, { cancel })] })).toEqual({
      kind: "wait",
      why: "the restore failed: too late",
    });
  });
});

describe("a job", () => {
  test("waits for its turn and takes it", () => {
    expect(decide({ isOneTurn: true })).toMatchObject({ kind: "wait" });
    expect(decide({ isOneTurn: true, runs: [aTurn()] })).toMatchObject({ kind: "restore" });
  });

  test("fails when its restore is gone, failed or was taken back", () => {
    expect(decide({ isOneTurn: true, wasThere: true })).toMatchObject({ kind: "fail" });
    expect(decide({ isOneTurn: true, runs: [aTurn({ phase: "Failed", error: "no" })] })).toMatchObject({
      kind: "fail",
    });
    const cancel = { reason: "DEADLINE_EXCEEDED", message: "too late" };
    expect(decide({ isOneTurn: true, runs: [aTurn(undefined, { cancel })] })).toMatchObject({ kind: "fail" });
  });
});
