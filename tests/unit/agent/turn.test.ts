import { describe, expect, test } from "vitest";
import { hasOpenWork, isNewer, nextTask, openActions } from "../../../agent/turn.ts";
import { aHostRun } from "../../support/objects/host-runs.ts";

const INIT = "InitializeBackendRepository";
const NOTHING: ReadonlySet<string> = new Set();

describe("what is to be done", () => {
  const ended = aHostRun({ spec: { actions: [INIT, "ApplyRetentionPolicy"] }, status: { phase: "Succeeded" } });

  test("a turn, once: the watch may show the old state for a while", () => {
    const task = nextTask([aHostRun()], NOTHING);
    expect(task?.actions).toBeUndefined();
    expect(task?.run.spec.host).toBe("host-0");
    expect(nextTask([aHostRun()], new Set(task?.keys))).toBeUndefined();
  });

  test("a turn again when another host run gives it to this pod", () => {
    const first = new Set(nextTask([aHostRun()], NOTHING)?.keys);
    const again = aHostRun({ name: "nightly-1-def", spec: { attempt: 2 } });
    expect(nextTask([aHostRun(), again], first)?.run.metadata.name).toBe("nightly-1-def");
    expect(isNewer(again, aHostRun())).toBe(true);
  });

  test("a turn that was in the middle, after a restart", () => {
    expect(nextTask([aHostRun({ status: { phase: "Running" } })], NOTHING)?.actions).toBeUndefined();
    expect(hasOpenWork(aHostRun({ status: { phase: "Running" } }))).toBe(true);
  });

  test("nothing of a turn that was taken back", () => {
    const cancel = { reason: "DEADLINE_EXCEEDED", message: "late" };
    expect(hasOpenWork(aHostRun({ spec: { cancel } }))).toBe(false);
    expect(nextTask([aHostRun({ spec: { cancel } })], NOTHING)).toBeUndefined();
  });

  test("work on the repository after the turn, without what was done before it", () => {
    expect(openActions(ended)).toEqual(["ApplyRetentionPolicy"]);
    expect(nextTask([ended], NOTHING)?.actions).toEqual(["ApplyRetentionPolicy"]);
  });

  test("an action is open until its result is final", () => {
    const withResult = (phase: "Running" | "Failed") =>
      aHostRun({
        spec: ended.spec,
        status: { phase: "Succeeded", results: [{ action: "ApplyRetentionPolicy", phase }] },
      });
    expect(nextTask([withResult("Running")], NOTHING)?.actions).toEqual(["ApplyRetentionPolicy"]);
    expect(nextTask([withResult("Failed")], NOTHING)).toBeUndefined();
  });

  test("each action once, though the watch shows the end of one before that of the next", () => {
    const results = [{ action: "ApplyRetentionPolicy", phase: "Succeeded" }] as const;
    const status = { phase: "Succeeded" as const, results };
    const both = { actions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"] } as const;
    const keys = new Set(nextTask([aHostRun({ spec: both, status: { phase: "Succeeded" } })], NOTHING)?.keys);
    expect(nextTask([aHostRun({ spec: both, status })], keys)).toBeUndefined();
    const asked = { actions: [...both.actions, "VerifyRepositoryIntegrity"] } as const;
    expect(nextTask([aHostRun({ spec: asked, status })], keys)?.actions).toEqual(["VerifyRepositoryIntegrity"]);
  });

  test("no turn where another's program has it, but work on the repository", () => {
    expect(nextTask([aHostRun()], NOTHING, true)).toBeUndefined();
    expect(nextTask([ended], NOTHING, true)?.actions).toEqual(["ApplyRetentionPolicy"]);
  });

  test("a restore is none of the sidecar's work", () => {
    expect(nextTask([aHostRun({ spec: { work: "Restore" } })], NOTHING)).toBeUndefined();
  });
});
