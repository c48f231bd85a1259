/** Hooks of this process that the status calls running: which may still start, and which must end. Pure. */
import type { HookResult } from "../../shared/api/hook-result.ts";
import { hookKey, isHookOpen, isPrepared } from "../hooks/records.ts";
import { areTargetsOver } from "./completion.ts";
import { isOpenHost } from "./entries.ts";
import { type RunFacts, type RunStatus, runHosts, runTargets } from "./facts.ts";
import { GLOBAL_PLACE } from "./member-hooks.ts";

export interface OwnHooks {
  /** Keys of those that are recorded as started and were not: the answer to the write was lost, or something was away. */
  readonly prepared: readonly string[];
  /** Keys of before-hooks that run or are about to, and whose host, or whole run, was given up. */
  readonly givenUp: readonly string[];
}

interface Place {
  readonly place: string;
  readonly hooks: readonly HookResult[] | undefined;
  isWanted(hook: HookResult): boolean;
}

function* hookPlaces(status: RunStatus): Generator<Place> {
  yield { place: GLOBAL_PLACE, hooks: status.hooks, isWanted: () => !areTargetsOver(status) };
  for (const [index, target] of runTargets(status).entries()) {
    const isWanted = ({ hostname }: HookResult): boolean =>
      runHosts(target).some((host) => host.hostname === hostname && isOpenHost(host));
    yield { place: `targets/${index}`, hooks: target.hooks, isWanted };
  }
}

/** @param status as it was decided */
export function ownHooks<Status extends RunStatus>(facts: RunFacts<Status>, status: Status): OwnHooks {
  const { hookRuns, objectUid, words } = facts;
  const prepared: string[] = [];
  const givenUp: string[] = [];
  for (const { place, hooks = [], isWanted } of hookPlaces(status)) {
    for (const [index, hook] of hooks.entries()) {
      if (!isHookOpen(hook)) continue;
      const key = hookKey(objectUid, place, index);
      const isToStart = isPrepared(hook, key, hookRuns);
      if (!isToStart && !hookRuns.running.has(key)) continue;
      if (hook.type === words.before && !isWanted(hook)) givenUp.push(key);
      else if (isToStart) prepared.push(key);
    }
  }
  return { prepared, givenUp };
}
