import { expect, test } from "vitest";
import type { HookRun, HookRuns } from "../../../../reconciler/hooks/plan.ts";
import { hookKey, isPrepared, withEndedHooks, withIntent } from "../../../../reconciler/hooks/records.ts";

const NOW = new Date("2026-03-01T12:00:00.250Z");
const KEY = hookKey("uid", "session", 0);

/** A process that noted the hook's start at this very moment. */
function processOf(runner: string): HookRuns {
  const startedAt: HookRun["startedAt"] = NOW.toISOString();
  return { runner, prepared: new Map([[KEY, startedAt]]), running: new Set(), finished: new Map() };
}

function openView(runs: HookRuns) {
  const leaderSinceMs = NOW.getTime() - 60_000;
  return { objectUid: "uid", place: "session", runs, leaderSinceMs, nowMs: NOW.getTime() + 1_000, timeoutMs: 30_000 };
}

test("of two processes that recorded a hook in the same millisecond only the one whose record stands runs it", () => {
  const [recorded] = withIntent(undefined, "postBackup", "first", undefined, NOW);
  expect(recorded).toBeDefined();
  if (recorded === undefined) return;
  expect(isPrepared(recorded, KEY, processOf("first"))).toBe(true);
  expect(isPrepared(recorded, KEY, processOf("second"))).toBe(false);
});

test("a hook that another process started while this one led stays open until its time limit has passed", () => {
  const hooks = withIntent(undefined, "postBackup", "first", undefined, NOW);
  const view = openView(processOf("second"));
  expect(withEndedHooks(hooks, view)).toBe(hooks);
  const later = { ...view, nowMs: NOW.getTime() + 30_000 + 61_000 };
  expect(withEndedHooks(hooks, later)?.[0]).toMatchObject({
    phase: "Failed",
    message: expect.stringContaining("interrupted"),
  });
});
