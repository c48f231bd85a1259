/** A host may have had its turn in two pods, each with a database of its own that its after-hook sets free. */
import { expect, test } from "vitest";
import { BACKUP_WORDS } from "../../../../reconciler/backup-session/facts.ts";
import type { TargetEntry } from "../../../../reconciler/run/entries.ts";
import { withHookConditions } from "../../../../reconciler/run/member-hooks.ts";
import type { PodFact } from "../../../../reconciler/run/world.ts";
import type { HookResult } from "../../../../shared/api/hook-result.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const thaw = (podUID: string, phase: "Failed" | "Succeeded"): HookResult => ({
  type: "postBackup",
  hostname: "host-0",
  podUID,
  phase,
  ...(phase === "Failed" && { message: `could not thaw in ${podUID}` }),
});

function aPod(uid: string, change: Partial<PodFact> = {}): readonly [string, PodFact] {
  const pod: PodFact = {
    namespace: "demo",
    name: uid,
    uid,
    nodeName: "node-a",
    podIp: undefined,
    createdAtMs: 0,
    isReady: true,
    isTerminating: false,
    isEnded: false,
    containers: ["db"],
    sidecar: undefined,
    restoreInit: undefined,
    ...change,
  };
  return [uid, pod];
}

function saysOf(hooks: readonly HookResult[], pods: readonly (readonly [string, PodFact])[]) {
  const target: TargetEntry = { hooks, stats: [{ hostname: "host-0", phase: "Succeeded" }] };
  const [condition] = withHookConditions({ words: BACKUP_WORDS, pods: new Map(pods) }, target, NOW).conditions ?? [];
  return [condition?.status, condition?.message];
}

const TWO = [aPod("a"), aPod("b")];

test("D6: a thaw that failed is made good by no other pod's", () => {
  expect(saysOf([thaw("a", "Failed"), thaw("b", "Succeeded")], TWO)).toEqual(["False", "could not thaw in a"]);
  expect(saysOf([thaw("b", "Succeeded"), thaw("a", "Failed")], TWO)).toEqual(["False", "could not thaw in a"]);
});

test("D6: one that failed before it succeeded in the same pod did succeed", () => {
  expect(saysOf([thaw("a", "Failed"), thaw("b", "Succeeded"), thaw("a", "Succeeded")], TWO)).toEqual([
    "True",
    "the hook succeeded",
  ]);
});

test.each([
  ["whose pod is gone", [aPod("b")]],
  ["whose pod has ended", [aPod("a", { isEnded: true }), aPod("b")]],
  ["of a job, whose application is behind a Service that both reach", [aPod("a", { behindApp: "db" }), aPod("b")]],
])("a thaw that failed, %s, is superseded by the next", (_what, pods) => {
  expect(saysOf([thaw("a", "Failed"), thaw("b", "Succeeded")], pods)).toEqual(["True", "the hook succeeded"]);
  expect(saysOf([thaw("b", "Succeeded"), thaw("a", "Failed")], pods)).toEqual(["False", "could not thaw in a"]);
});
