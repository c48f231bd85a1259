import { describe, expect, test } from "vitest";
import { decideRequest, type RequestView } from "../../../../reconciler/injection/decide.ts";
import { newRecord, withConflict } from "../../../../reconciler/injection/record.ts";
import { afterRefusal } from "../../../../reconciler/injection/refusal.ts";
import { DEFAULT_TROUBLE_LIMITS } from "../../../../reconciler/injection/trouble.ts";

const NOW = 1_000_000;
const wanted = "1";
const view: RequestView = {
  isBeingDeleted: false,
  isCurrent: false,
  isRestoring: false,
  record: newRecord(wanted),
  hold: undefined,
  wantsSidecar: true,
  origin: "now",
  refusal: undefined,
  trouble: undefined,
  leftOver: undefined,
  limits: DEFAULT_TROUBLE_LIMITS,
};
const refusal = (origin: string, atMs = NOW) => afterRefusal(undefined, { origin, words: "no" }, atMs);
const trouble = (kind: "NotMade" | "NotReady", sinceMs: number) => ({ kind, words: "no", sinceMs });

describe("whether a workload is sent through admission again", () => {
  test.each<[string, Partial<RequestView>, object]>([
    ["it lacks the sidecar, it is proven first", {}, { kind: "Prove" }],
    ["it has one too many, it is not", { wantsSidecar: false }, { kind: "Request", wanted }],
    ["it is as wanted", { isCurrent: true }, { kind: "Leave", reason: "UpToDate" }],
    ["it is being deleted", { isBeingDeleted: true }, { kind: "Leave", reason: "BeingDeleted" }],
    ["its data is being restored", { isRestoring: true }, { kind: "Leave", reason: "RestoreRunning" }],
    [
      "others undo it",
      { record: withConflict(newRecord(wanted), "argo", 0) },
      { kind: "Leave", reason: "InjectionConflict" },
    ],
    [
      "it was tried in vain just now",
      { record: { ...newRecord(wanted), notBeforeMs: NOW + 50 } },
      { kind: "Wait", requeueAfterMs: 50 },
    ],
    ["it was refused just now", { refusal: refusal("now") }, { kind: "Wait", requeueAfterMs: 10_000 }],
    ["it was refused a while ago", { refusal: refusal("now", NOW - 10_000) }, { kind: "Prove" }],
    ["something else of it was refused", { refusal: refusal("before") }, { kind: "Prove" }],
  ])("when %s", (_when, facts, decision) => {
    expect(decideRequest({ ...view, ...facts }, NOW)).toEqual(decision);
  });
});

describe("D9: a workload that is held", () => {
  const held = { ...view, isCurrent: true, hold: { kind: "Pods", origin: "now" } } as const;
  test.each<[string, Partial<RequestView>, object]>([
    ["and whose pods were not ready is left alone", {}, { kind: "Leave", reason: "InjectionRefusedByCluster" }],
    ["is tried again when what its pods are made from changed", { origin: "other" }, { kind: "Prove" }],
    ["by a dry run is asked about again", { hold: { kind: "DryRun" } }, { kind: "Prove" }],
    [
      "by a dry run is not asked about all the time",
      { hold: { kind: "DryRun" }, refusal: refusal("now") },
      { kind: "Wait", requeueAfterMs: 10_000 },
    ],
    [
      "is not restarted under a restore",
      { origin: "other", isRestoring: true },
      { kind: "Leave", reason: "RestoreRunning" },
    ],
    ["is let go when nothing wants a sidecar", { wantsSidecar: false }, { kind: "Release" }],
    [
      "and still has its sidecar loses it",
      { isCurrent: false, record: newRecord("none") },
      { kind: "Request", wanted: "none" },
    ],
  ])("%s", (_what, facts, decision) => {
    expect(decideRequest({ ...held, ...facts }, NOW)).toEqual(decision);
  });
});

describe("D9: a sidecar that keeps pods down", () => {
  const minutes = (count: number) => NOW - count * 60_000;
  const carried = { ...view, isCurrent: true };
  test.each<[string, RequestView["trouble"], object]>([
    ["for a moment stays", trouble("NotMade", NOW), { kind: "Wait", requeueAfterMs: 120_000 }],
    ["from being made goes after two minutes", trouble("NotMade", minutes(2)), { kind: "TakeOut" }],
    ["from being ready has ten", trouble("NotReady", minutes(9)), { kind: "Wait", requeueAfterMs: 60_000 }],
    ["from being ready goes then", trouble("NotReady", minutes(10)), { kind: "TakeOut" }],
    [
      "as nobody could show is not looked into all the time",
      { ...trouble("NotMade", minutes(9)), notBeforeMs: NOW + 500 },
      { kind: "Wait", requeueAfterMs: 500 },
    ],
  ])("%s", (_what, seen, decision) => {
    expect(decideRequest({ ...carried, trouble: seen }, NOW)).toMatchObject(decision);
  });

  test("stays while a restore runs: its pods wait for that", () => {
    const restoring = { ...carried, isRestoring: true, trouble: trouble("NotReady", minutes(60)) };
    expect(decideRequest(restoring, NOW).kind).toBe("Wait");
  });
});

test("a refusal is asked about again ever more rarely, at latest after three minutes", () => {
  let last = afterRefusal(undefined, { origin: "a", words: "x".repeat(5_000) }, 0);
  expect(last.words).toHaveLength(1_000);
  const delays = [last.notBeforeMs];
  for (let round = 0; round < 20; round += 1) {
    last = afterRefusal(last, { origin: "a", words: "no" }, 0);
    delays.push(last.notBeforeMs);
  }
  expect(delays.slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000]);
  expect(delays.at(-1)).toBe(180_000);
  expect(afterRefusal(last, { origin: "b", words: "no" }, 0)).toMatchObject({ times: 1, notBeforeMs: 10_000 });
});
