/**
 * Hook results as recorded in a status: the intent before the hook starts, then its end. Lists are only appended to, so an
 * index names a hook for ever. Pure.
 */
import type { HookResult } from "../../shared/api/hook-result.ts";
import { cutText, textRoom } from "../run/text-room.ts";
import { type HookRuns, INTERRUPTED_PREFIX, POD_GONE_PREFIX, PROCESS_ENDED } from "./plan.ts";

export type Hooks = readonly HookResult[] | undefined;

/** Key of a recorded hook in its process: the object, the place in its status, the index in the list there. */
export function hookKey(objectUid: string, place: string, index: number): string {
  return `${objectUid}/${place}/${index}`;
}

export function hooksOf(hooks: Hooks, type: HookResult["type"], hostname?: string): readonly HookResult[] {
  return (hooks ?? []).filter((hook) => hook.type === type && hook.hostname === hostname);
}

/** The newest record of a hook. */
export function lastHook(hooks: Hooks, type: HookResult["type"], hostname?: string): HookResult | undefined {
  return hooksOf(hooks, type, hostname).at(-1);
}

export function isHookOpen(hook: HookResult): boolean {
  return hook.phase === "Running";
}

/** How often an after-hook is started anew when restarts interrupt it. */
const MAX_HOOK_RUNS = 3;

/** Whether the hook's end is unknown because its process or its connection went away. */
export function isInterrupted(hook: HookResult): boolean {
  return hook.phase === "Failed" && hook.message?.startsWith(INTERRUPTED_PREFIX) === true;
}

/** So many pods may go before a command reaches them. */
const MAX_PODS_GONE = 10;

/**
 * Whether an after-hook is to run again.
 *
 * @param records of it, not empty
 */
export function isToRepeat(records: readonly HookResult[]): boolean {
  const isGone = (hook: HookResult) => hook.phase === "Failed" && hook.message?.startsWith(POD_GONE_PREFIX) === true;
  const last = records.at(-1);
  if (last === undefined) return false;
  if (isInterrupted(last)) return records.filter(isInterrupted).length < MAX_HOOK_RUNS;
  return isGone(last) && records.filter(isGone).length < MAX_PODS_GONE;
}

/**
 * Records that a hook is about to start.
 *
 * @param runner the process that is to run it
 * @param where host and pod of a member's hook; undefined for a global one
 */
export function withIntent(
  hooks: Hooks,
  type: HookResult["type"],
  runner: string,
  where: { readonly hostname: string | undefined; readonly podUID: string } | undefined,
  startedAt: Date,
): readonly HookResult[] {
  // Milliseconds, unlike elsewhere: a restarted process tells by this time whether the hook was its own.
  const intent: HookResult = {
    type,
    runner,
    phase: "Running",
    startedAt: startedAt.toISOString(),
    ...(where?.hostname !== undefined && { hostname: where.hostname }),
    ...(where !== undefined && { podUID: where.podUID }),
  };
  return [...(hooks ?? []), intent];
}

/** Records a hook that does not run, and why. */
export function withSkipped(
  hooks: Hooks,
  type: HookResult["type"],
  hostname: string | undefined,
  ended: { readonly phase: "Skipped" | "Failed"; readonly message: string; readonly finishedAt: string },
): readonly HookResult[] {
  return [...(hooks ?? []), { type, ...ended, ...(hostname !== undefined && { hostname }) }];
}

/** Whether this process recorded the hook and has not started it: it did not hear that the record stands. */
export function isPrepared(hook: HookResult, key: string, runs: HookRuns): boolean {
  const isStarted = runs.running.has(key) || runs.finished.has(key);
  const isOurs = hook.runner === runs.runner && runs.prepared.get(key) === hook.startedAt;
  return isHookOpen(hook) && !isStarted && isOurs;
}

export interface OpenHooksView {
  readonly objectUid: string;
  readonly place: string;
  readonly runs: HookRuns;
  /** When this process began to lead. */
  readonly leaderSinceMs: number;
  readonly nowMs: number;
  /** Longest time that any hook of the list may take. */
  readonly timeoutMs: number;
}

/** After its time limit a hook of another process gets this much longer, for clocks that differ. */
const FOREIGN_GRACE_MS = 60_000;

/**
 * Ends the open records of a list that can be ended:
 *
 * | # | facts | record |
 * |---|---|---|
 * | 1 | this process ran it and it ended | its outcome |
 * | 2 | this process is running it, or is about to | open |
 * | 3 | it started before this process led: its process is gone | Failed: interrupted |
 * | 4 | it started since, so another process believes to lead, and its time limit passed | Failed: interrupted |
 * | 5 | otherwise | open |
 *
 * @returns the same list when nothing ended
 */
export function withEndedHooks(hooks: Hooks, view: OpenHooksView): Hooks {
  if (hooks?.some(isHookOpen) !== true) return hooks;
  let isChanged = false;
  const room = textRoom(hooks.length);
  const next = hooks.map((hook, index): HookResult => {
    if (!isHookOpen(hook)) return hook;
    const key = hookKey(view.objectUid, view.place, index);
    const outcome = view.runs.finished.get(key);
    if (outcome !== undefined) {
      isChanged = true;
      const { phase, finishedAt, message, output } = outcome;
      // Empty texts are left out: JSON patches of old API servers turn them into null.
      const most = phase === "Failed" ? room.output : room.goodOutput;
      return {
        ...hook,
        phase,
        finishedAt,
        ...(message && { message: cutText(message, room.text) }),
        ...(output && { output: cutText(output, most) }),
      };
    }
    if (view.runs.running.has(key) || isPrepared(hook, key, view.runs)) return hook;
    const startedMs = Date.parse(hook.startedAt ?? "") || 0;
    const isOver = view.nowMs > startedMs + view.timeoutMs + FOREIGN_GRACE_MS;
    if (startedMs >= view.leaderSinceMs && !isOver) return hook;
    isChanged = true;
    return {
      ...hook,
      phase: "Failed",
      message: PROCESS_ENDED,
      finishedAt: new Date(view.nowMs).toISOString(),
    };
  });
  return isChanged ? next : hooks;
}
