import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { kstatusRows } from "../../../../scripts/kstatus.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { listAt, numberAt, textAt } from "../../../../shared/json/value.ts";
import { CONDITION_REASONS, INJECTION_REASONS, SKIP_REASONS } from "../../../../shared/reasons.ts";
import {
  invokerReadiness,
  isReadinessTold,
  READINESS_TYPES,
  runReadiness,
  withReadiness,
} from "../../../../shared/status/readiness.ts";
import { isWaitOver, kstatusOf } from "../../../support/status/kstatus.ts";
import { RECORDED_OBJECTS } from "../../../support/status/recorded-objects.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-01-02T03:05:00Z");
const observed = RECORDED_OBJECTS.filter(({ what }) => what !== "new");

describe("kstatus reads", () => {
  test.each(RECORDED_OBJECTS.map((one) => [one.kind, one.what, one] as const))("%s %s", (_kind, _what, one) => {
    expect(kstatusOf(one.object)).toBe(one.kstatus);
    expect(isWaitOver(one.object, "Ready")).toBe(one.kstatus === "Current" || one.kstatus === "Terminating");
    expect(isWaitOver(one.object, "Stalled")).toBe(one.kstatus === "Failed");
  });

  test("every kind with a status", () => {
    const kinds = new Set<string>(RECORDED_OBJECTS.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(
      Object.values(KINDS)
        .filter(({ statusSubresource }) => statusSubresource)
        .map(({ kind }) => kind)
        .sort(),
    );
  });

  test("what docs/status.md says of each", () => {
    const page = readFileSync(join(resolve(import.meta.dirname, "../../../.."), "docs/status.md"), "utf8");
    const rows = RECORDED_OBJECTS.map(({ kind, what, kstatus }) => `| ${kind} | ${what} | ${kstatus} |`);
    expect(kstatusRows()).toEqual(rows);
    expect(page.split("\n").filter((line) => / \| (Current|InProgress|Failed|Terminating) \|$/.test(line))).toEqual(
      rows,
    );
  });
});

test("each of the three is there in every status, of one generation, with a reason that is written down", () => {
  const known = { ...CONDITION_REASONS, ...INJECTION_REASONS, ...SKIP_REASONS };
  for (const { kind, what, object } of observed) {
    const told = listAt(object, "status", "conditions").filter((one) => READINESS_TYPES.has(textAt(one, "type") ?? ""));
    expect(told.map((one) => textAt(one, "type")).sort(), `${kind} ${what}`).toEqual([...READINESS_TYPES].sort());
    const trueOnes = told.filter((one) => textAt(one, "status") === "True");
    expect(trueOnes.length, `${kind} ${what}`).toBe(1);
    for (const one of told) {
      expect(known).toHaveProperty(textAt(one, "reason") ?? "");
      expect(numberAt(one, "observedGeneration")).toBe(kind === "HostRun" ? undefined : 3);
    }
  }
});

describe("the three conditions", () => {
  const failed = runReadiness({ phase: "Failed", message: "disk full" });

  test("are left as they are when they say the same, so that nothing is written", () => {
    const first = withReadiness(undefined, failed, 1, NOW);
    expect(withReadiness(first, failed, 1, LATER)).toBe(first);
  });

  test("move their time only when their status changes", () => {
    const running = withReadiness(undefined, runReadiness({ phase: "Running" }), 1, NOW);
    const ended = withReadiness(running, failed, 1, LATER);
    const times = Object.fromEntries(ended.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
    expect(times).toEqual({
      Ready: "2026-01-02T03:04:05Z",
      Reconciling: "2026-01-02T03:05:00Z",
      Stalled: "2026-01-02T03:05:00Z",
    });
  });

  test("leave those of others alone", () => {
    const other = { type: "BackupStale", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" } as const;
    expect(withReadiness([other], failed, 1, NOW)).toContain(other);
  });

  test("are told anew for another generation or state, and not for another text", () => {
    const conditions = withReadiness(undefined, failed, 1, NOW);
    expect(isReadinessTold(conditions, failed, 1)).toBe(true);
    expect(isReadinessTold(conditions, { ...failed, message: "cut" }, 1)).toBe(true);
    expect(isReadinessTold(conditions, failed, 2)).toBe(false);
    expect(isReadinessTold(conditions, runReadiness({ phase: "Succeeded" }), 1)).toBe(false);
    expect(isReadinessTold(undefined, failed, 1)).toBe(false);
  });

  test("hold no more of a long text than a condition needs", () => {
    const conditions = withReadiness(undefined, { ...failed, message: "x".repeat(100_000) }, 1, NOW);
    expect(JSON.stringify(conditions).length).toBeLessThan(2_000);
  });
});

describe("why a run failed is said with", () => {
  const condition = (type: string, status: "True" | "False", message: string) => {
    return { type, status, message, lastTransitionTime: "2026-01-01T00:00:00Z" } as const;
  };

  test.each([
    ["the words of the restore itself", { message: "no such point" }, "no such point"],
    [
      "the fault of the first host",
      { targets: [{ phase: "Failed", stats: [{ hostname: "web-0", phase: "Failed", error: "disk full" }] }] },
      "web-0: disk full",
    ],
    [
      "the condition of a target",
      { targets: [{ phase: "Failed", conditions: [condition("BackupExecutorEnsured", "False", "no pod")] }] },
      "no pod",
    ],
    ["the deadline", { conditions: [condition("DeadlineExceeded", "True", "took too long")] }, "took too long"],
    [
      "what is False, not with what is True and good",
      {
        conditions: [
          condition("BackendRepositoryInitialized", "True", "opened"),
          condition("RepositoryIntegrityVerified", "False", "pack damaged"),
        ],
      },
      "pack damaged",
    ],
    ["the phase, where nothing else is recorded", {}, "ended as Failed"],
  ] as const)("%s", (_what, facts, message) => {
    expect(runReadiness({ phase: "Failed", ...facts }).message).toBe(message);
  });
});

test("of several things that an invoker lacks, what waits for a person is told before what may still come", () => {
  const lacks = (type: string, reason: string) => {
    return { type, status: "False", reason, message: reason, lastTransitionTime: "2026-01-01T00:00:00Z" } as const;
  };
  const conditions = [lacks("RepositoryFound", "RepositoryNotAvailable")];
  const members = [
    [lacks("StashSidecarInjected", "SidecarInjectionPending")],
    [lacks("StashSidecarInjected", "OptedOut")],
  ];
  expect(invokerReadiness({ phase: "NotReady", conditions, members })).toMatchObject({
    state: "Stalled",
    reason: "OptedOut",
  });
  expect(invokerReadiness({ phase: "NotReady", conditions, members: [] })).toMatchObject({ state: "Reconciling" });
});
