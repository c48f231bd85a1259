import { describe, expect, test } from "vitest";
import {
  afterLook,
  afterVainRequest,
  type InjectionRecord,
  isNewConflict,
  newRecord,
  REVERT_WINDOW_MS,
  withConflict,
} from "../../../../reconciler/injection/record.ts";
import { isInjectionCurrent, wantedHash } from "../../../../reconciler/injection/state.ts";
import { templateManager } from "../../../../reconciler/injection/template-manager.ts";
import { decideFinalize, LONGEST_FINALIZE_MS } from "../../../../reconciler/invoker/finalize.ts";
import { aPlan, aWorkload, HASH, IMAGE, noPlan } from "./builders.ts";

const MINUTE_MS = 60_000;
const wanted = "1";

/** The record after the wanted state was there and undone so often, a time apart. */
function reverted(times: number, apartMs: number): InjectionRecord {
  let record = newRecord(wanted);
  for (let round = 1; round <= times; round += 1) {
    record = afterLook(record, { wanted, isCurrent: true }, round * apartMs);
    record = afterLook(record, { wanted, isCurrent: false }, round * apartMs + 1);
  }
  return record;
}

describe("who undoes the injection", () => {
  test("three times within ten minutes is a conflict, twice is not", () => {
    expect(isNewConflict(reverted(2, MINUTE_MS))).toBe(false);
    expect(isNewConflict(reverted(3, MINUTE_MS))).toBe(true);
  });

  test("three times in a longer time is none", () => {
    expect(isNewConflict(reverted(5, REVERT_WINDOW_MS / 2))).toBe(false);
  });

  test("a state that stays away counts once", () => {
    let record = reverted(1, MINUTE_MS);
    for (let look = 0; look < 10; look += 1)
      record = afterLook(record, { wanted, isCurrent: false }, 2 * MINUTE_MS + look);
    expect(record.revertedAtMs).toHaveLength(1);
  });

  test("another wanted state begins anew, and an hour later one more try is made", () => {
    const conflict = withConflict(reverted(3, MINUTE_MS), "argo", 4 * MINUTE_MS);
    expect(afterLook(conflict, { wanted: "2", isCurrent: false }, 5 * MINUTE_MS)).toEqual(newRecord("2"));
    expect(afterLook(conflict, { wanted, isCurrent: false }, 5 * MINUTE_MS).conflict?.manager).toBe("argo");
    const later = afterLook(conflict, { wanted, isCurrent: false }, 65 * MINUTE_MS);
    expect(later.conflict).toBeUndefined();
    expect(isNewConflict(later)).toBe(false);
  });

  test("is named by the managed fields: the last that wrote the template, ourselves left out", () => {
    const entry = (manager: string, time: string, fields: object) => ({
      manager,
      time,
      fieldsV1: { "f:spec": fields },
    });
    const workload = {
      metadata: {
        managedFields: [
          entry("kubectl", "2026-01-01T00:00:00Z", { "f:template": {} }),
          entry("argocd-controller", "2026-01-01T00:02:00Z", { "f:template": {} }),
          entry("stash-batch-reconciler", "2026-01-01T00:03:00Z", { "f:template": {} }),
          entry("scaler", "2026-01-01T00:04:00Z", { "f:replicas": {} }),
        ],
      },
    };
    expect(templateManager(workload)).toBe("argocd-controller");
    expect(templateManager({ metadata: {} })).toBe("unknown");
  });
});

describe("requests without effect", () => {
  test("come less and less often, up to five minutes apart", () => {
    let record = newRecord(wanted);
    const delays: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      record = afterVainRequest(record, undefined, 0);
      delays.push(record.notBeforeMs);
    }
    expect(delays.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(delays.at(-1)).toBe(5 * MINUTE_MS);
  });

  test("are forgotten when the state is there", () => {
    const record = afterLook(afterVainRequest(newRecord(wanted), "quota", 0), { wanted, isCurrent: true }, 1);
    expect(record).toMatchObject({ vainRequests: 0, notBeforeMs: 0, refusal: undefined });
  });
});

describe("whether a template is as the plan says", () => {
  const state = (applied: string | undefined, plan = aPlan(), isOptedOut = false) =>
    isInjectionCurrent(aWorkload({ applied }).facts, { plan, isOptedOut, image: IMAGE });

  test("the wanted sidecar with its hash, nothing less", () => {
    expect(state(HASH)).toBe(true);
    expect(state("other")).toBe(false);
    expect(state(undefined)).toBe(false);
  });

  test("no sidecar where none is wanted, but one stays whose Repository went away", () => {
    expect(state(undefined, noPlan("NoInvoker"))).toBe(true);
    expect(state(HASH, noPlan("NoInvoker"))).toBe(false);
    expect(state(HASH, noPlan("RepositoryMissing"))).toBe(true);
    expect(state(HASH, noPlan("VolumeMissing"))).toBe(false);
  });

  test("nothing of ours in a workload that opted out", () => {
    expect(state(HASH, aPlan(), true)).toBe(false);
    expect(state(undefined, aPlan(), true)).toBe(true);
    expect(wantedHash({ plan: aPlan(), isOptedOut: true })).toBe("none");
  });
});

describe("a deleted invoker", () => {
  test("waits for its sidecars, but never for ever", () => {
    const deletedAtMs = 1_000_000;
    const waitsFor = ["Deployment/demo/web"];
    expect(decideFinalize({ waitsFor: [], deletedAtMs }, deletedAtMs)).toEqual({ kind: "Release", left: [] });
    expect(decideFinalize({ waitsFor, deletedAtMs }, deletedAtMs + 1).kind).toBe("Wait");
    expect(decideFinalize({ waitsFor, deletedAtMs }, deletedAtMs + LONGEST_FINALIZE_MS)).toEqual({
      kind: "Release",
      left: waitsFor,
    });
  });

  test("is released when the clock was put back behind its deletion", () => {
    expect(decideFinalize({ waitsFor: ["x"], deletedAtMs: 10_000_000 }, 1).kind).toBe("Release");
  });
});
