import { describe, expect, test } from "vitest";
import { byUrgency, decideHealth } from "../../../../cli/status/decide-health.ts";
import { aBatch, aSession, hoursAgo, NOW_MS } from "../../../support/cli/objects.ts";

const view = { sessions: [aSession()], integrity: undefined, nowMs: NOW_MS };
const unreachable = aSession({
  name: "shop-2",
  phase: "Failed",
  hoursAgo: 1,
  targets: [
    { alias: "db", phase: "Failed", host: { reason: "BACKEND_UNREACHABLE", error: "no route to s3.test" } },
    { alias: "web" },
  ],
});

describe("the first rule that holds decides", () => {
  const invalid = {
    phase: "Invalid",
    conditions: [
      {
        type: "ValidationPassed",
        status: "False",
        lastTransitionTime: hoursAgo(1),
        message: "spec.schedule: it never fires",
      },
    ],
  };
  const cases = [
    ["Good", { invoker: aBatch() }],
    ["Invalid", { invoker: aBatch({ status: invalid }) }],
    ["NotReady", { invoker: aBatch({ status: { phase: "NotReady" } }) }],
    ["NotReady", { invoker: aBatch({ status: { phase: undefined } }) }],
    ["Damaged", { invoker: aBatch(), integrity: false }],
    ["Failing", { invoker: aBatch(), sessions: [unreachable, aSession()] }],
    ["Stale", { invoker: aBatch({ status: { lastRecoveryPoint: { session: "shop-1", time: hoursAgo(13) } } }) }],
    ["Paused", { invoker: aBatch({ spec: { paused: true } }) }],
    [
      "NoPoint",
      { invoker: aBatch({ spec: { schedule: "" }, status: { lastRecoveryPoint: undefined, nextRuns: [] } }) },
    ],
    ["Running", { invoker: aBatch(), sessions: [aSession({ phase: "Running" })] }],
    // A skipped run says nothing of the data; the one before it does.
    ["Failing", { invoker: aBatch(), sessions: [aSession({ phase: "Skipped", hoursAgo: 0 }), unreachable] }],
    ["Good", { invoker: aBatch(), sessions: [aSession({ hoursAgo: 1 }), unreachable] }],
  ] as const;
  test.each(cases)("%s", (state, change) => {
    expect(decideHealth({ ...view, ...change })).toMatchObject({ state });
  });
});

test("a failed run is told with its code, its words and its next step", () => {
  expect(decideHealth({ ...view, invoker: aBatch(), sessions: [unreachable] })).toMatchObject({
    lastRun: { session: "shop-2", phase: "Failed", code: "BACKEND_UNREACHABLE" },
    message: "db: no route to s3.test",
    nextStep: "Check address, DNS, network policies and proxies between pod and backend.",
  });
});

test("the age of the newest complete point is told against the time between two runs", () => {
  expect(decideHealth({ ...view, invoker: aBatch() })).toMatchObject({
    pointAgeMs: 5 * 3_600_000,
    periodMs: 6 * 3_600_000,
    point: "shop-1",
    nextRun: hoursAgo(-1),
  });
});

test("a paused schedule has no next run", () => {
  expect(decideHealth({ ...view, invoker: aBatch({ spec: { paused: true } }) }).nextRun).toBeUndefined();
});

test("every state but the good ones says what to do", () => {
  const invokers = [
    aBatch({ status: { phase: "Invalid" } }),
    aBatch({ status: { phase: "NotReady" } }),
    aBatch({ status: { lastRecoveryPoint: undefined } }),
    aBatch({ spec: { paused: true } }),
  ];
  for (const invoker of invokers) {
    const { state, nextStep, message } = decideHealth({ ...view, sessions: [], invoker });
    expect({ state, nextStep, message }).toEqual({
      state,
      nextStep: expect.any(String),
      message: expect.any(String),
    });
  }
});

test("worst first, and among equals the one that is latest for its own period", () => {
  const age = (hours: number) => ({ lastRecoveryPoint: { session: "s", time: hoursAgo(hours) } });
  const rows = [
    decideHealth({ ...view, invoker: aBatch({ name: "fresh", status: age(1) }) }),
    decideHealth({ ...view, invoker: aBatch({ name: "old", status: age(5) }) }),
    decideHealth({
      ...view,
      invoker: aBatch({ name: "never", status: { lastRecoveryPoint: undefined } }),
      sessions: [],
    }),
    decideHealth({ ...view, invoker: aBatch({ name: "failing" }), sessions: [unreachable] }),
    decideHealth({ ...view, invoker: aBatch({ name: "invalid", status: { phase: "Invalid" } }) }),
  ];
  expect([...rows].sort(byUrgency).map(({ name }) => name)).toEqual(["invalid", "failing", "never", "old", "fresh"]);
});
