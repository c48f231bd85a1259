import { expect, test } from "vitest";
import { decideVerifier } from "../../../../reconciler/verification/decide-verifier.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";
import { aDrill, aSession, aVerifier } from "./builders.ts";

const NOW = new Date("2026-05-03T03:00:05Z");
const view = { hasInvoker: true, drills: [], sessions: [] };

test("a slot that is due makes one drill, whose name follows from it", () => {
  const announced = { observedGeneration: 1, nextRun: "2026-05-03T03:00:00Z" };
  const verifier = aVerifier({ schedule: "0 3 * * *" }, announced);
  const { create, status, dueAtMs } = decideVerifier({ ...view, verifier }, NOW);
  expect(create?.name).toBe(`nightly-${Date.parse("2026-05-03T03:00:00Z") / 1_000}`);
  expect(status.nextRun).toBe("2026-05-04T03:00:00Z");
  expect(dueAtMs).toBe(Date.parse("2026-05-04T03:00:00Z"));
  const again = decideVerifier({ ...view, verifier: { ...verifier, status } }, NOW);
  expect(again.create).toBeUndefined();
});

test("a paused verifier makes none, and what passed meanwhile is not made up for", () => {
  const announced = { observedGeneration: 1, nextRun: "2026-05-03T03:00:00Z" };
  const paused = decideVerifier(
    { ...view, verifier: aVerifier({ schedule: "0 3 * * *", paused: true }, announced) },
    NOW,
  );
  expect(paused.create).toBeUndefined();
  const awake = { ...aVerifier({ schedule: "0 3 * * *" }), status: paused.status };
  expect(decideVerifier({ ...view, verifier: awake }, NOW).create).toBeUndefined();
});

test("afterEach drills the newest new point once, though its drill is forgotten", () => {
  const verifier = aVerifier({ afterEach: true });
  const sessions = [aSession("a", "2026-05-02T00:00:00Z", ["/data"]), aSession("b", "2026-05-02T12:00:00Z", ["/data"])];
  const { create, status } = decideVerifier({ ...view, verifier, sessions }, NOW);
  expect(create?.spec.session).toBe("b");
  expect(decideVerifier({ ...view, verifier: { ...verifier, status }, sessions }, NOW).create).toBeUndefined();
  const old = [aSession("old", "2026-04-30T00:00:00Z", ["/data"])];
  expect(decideVerifier({ ...view, verifier, sessions: old }, NOW).create).toBeUndefined();
});

test("a failed drill is tried again after the delay, as often as the verifier says", () => {
  const verifier = aVerifier({ retryConfig: { maxRetry: 1, delay: "1m" } });
  const failed = (retryLeft: number, completionTime: string) =>
    aDrill({ spec: { retryLeft }, status: { phase: "Failed", completionTime } });
  const at = (drill: ReturnType<typeof aDrill>) => decideVerifier({ ...view, verifier, drills: [drill] }, NOW).create;
  expect(at(failed(1, "2026-05-03T02:59:00Z"))?.spec).toMatchObject({ retryOf: "drill-1", retryLeft: 0 });
  expect(at(failed(1, "2026-05-03T02:59:30Z"))).toBeUndefined();
  expect(at(failed(0, "2026-05-03T02:00:00Z"))).toBeUndefined();
});

test("only ended drills beyond the limit are forgotten, the oldest first", () => {
  const drills = ["a", "b", "c"].map((name) => aDrill({ name, status: { phase: "Failed" } }));
  const running = aDrill({ name: "0", status: { phase: "Running" } });
  const verifier = aVerifier({ sessionHistoryLimit: 1 });
  const { forget } = decideVerifier({ ...view, verifier, drills: [...drills, running] }, NOW);
  expect([...forget].sort()).toEqual(["a", "b"]);
});

test("the status tells the last proof, and does not call a skipped drill one", () => {
  const good = { status: "True", reason: "RecoveryPointRestored", message: "restored in 0:04", type: "RecoveryProven" };
  const proven = aDrill({
    name: "a",
    status: {
      phase: "Succeeded",
      completionTime: "2026-05-02T00:00:09Z",
      conditions: [{ ...good, lastTransitionTime: "2026-05-02T00:00:09Z" }],
    },
  });
  const skipped = aDrill({ name: "b", status: { phase: "Skipped", completionTime: "2026-05-03T00:00:00Z" } });
  const { status } = decideVerifier({ ...view, verifier: aVerifier(), drills: [proven, skipped] }, NOW);
  expect(status.lastProven?.by).toBe("a");
  expect(status.lastSession).toBe("b");
  expect(findCondition(status.conditions, "RecoveryProven")?.status).toBe("True");
  expect(findCondition(status.conditions, "Ready")?.status).toBe("True");
});
