/** Workloads get their sidecars a few at a time. */
import { describe, expect, test } from "vitest";
import { isRolledOut, Rollouts } from "../../../../reconciler/injection/rollouts.ts";
import { aWorkload } from "./builders.ts";

const LIMIT_MS = 1_000;
const begun = (rollouts: Rollouts, targets: string, nowMs = 0) =>
  [...targets].filter((target) => rollouts.tryToBegin(target, nowMs)).join("");

describe("of many workloads", () => {
  test("as many begin as may, the others are woken in their order as those end", () => {
    const rollouts = new Rollouts({ most: 2, limitMs: LIMIT_MS });
    expect(begun(rollouts, "abcde")).toBe("ab");
    expect(rollouts.end("b", "good")).toEqual(["c"]);
    expect(begun(rollouts, "cd")).toBe("c");
    rollouts.leave("d");
    expect(rollouts.end("a", "good")).toEqual(["e"]);
    expect(rollouts.end("c", "good")).toEqual(["e"]);
    expect(rollouts.running).toBe(0);
  });

  test("one that has begun may ask again, and takes no second place", () => {
    const rollouts = new Rollouts({ most: 2, limitMs: LIMIT_MS });
    expect(begun(rollouts, "aaab")).toBe("aaab");
    expect(rollouts.running).toBe(2);
  });

  test("one that does not come to an end keeps nobody waiting for ever", () => {
    const rollouts = new Rollouts({ most: 1, limitMs: LIMIT_MS });
    expect(begun(rollouts, "ab")).toBe("a");
    expect(begun(rollouts, "b", LIMIT_MS - 1)).toBe("");
    expect(begun(rollouts, "b", LIMIT_MS)).toBe("b");
  });

  test("after one that was taken out again they go one by one, and more as they end well", () => {
    const rollouts = new Rollouts({ most: 4, limitMs: LIMIT_MS });
    expect(begun(rollouts, "abcdefgh")).toBe("abcd");
    expect(rollouts.end("a", "bad")).toEqual([]);
    for (const target of "bc") rollouts.end(target);
    expect(begun(rollouts, "e")).toBe("");
    expect(rollouts.end("d")).toEqual(["e"]);
    expect(begun(rollouts, "ef")).toBe("e");
    expect(rollouts.end("e", "good")).toEqual(["f", "g"]);
    expect(begun(rollouts, "fgh")).toBe("fg");
    rollouts.end("f", "good");
    expect(begun(rollouts, "hijk")).toBe("hij");
  });
});

test.each([
  [
    "its controller has not seen the change",
    { status: { observedGeneration: 1, updatedReplicas: 2, readyReplicas: 2 } },
    false,
  ],
  ["pods of the former template are there", { status: { updatedReplicas: 2, readyReplicas: 2, replicas: 3 } }, false],
  ["a new pod is not ready", { status: { updatedReplicas: 2, readyReplicas: 1 } }, false],
  ["all are new and ready", { status: { updatedReplicas: 2, readyReplicas: 2 } }, true],
  ["it wants no pods", { spec: { replicas: 0 }, status: { replicas: 0 } }, true],
  ["it is paused", { spec: { paused: true }, status: { updatedReplicas: 0 } }, true],
  ["its pods wait for somebody to restart them", { spec: { updateStrategy: { type: "OnDelete" } } }, true],
])("a rollout is over: %s", (_, shape, isOver) => {
  expect(isRolledOut(aWorkload(shape))).toBe(isOver);
});
