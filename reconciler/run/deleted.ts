/** A run that is deleted in the middle: what is at work ends, and what is owed is done before it goes. Pure. */
import { Finalizer } from "../../shared/contract.ts";
import { withEverythingFailed } from "./abort.ts";
import { isBegun, isOver, isRefused, isStarted } from "./completion.ts";
import { isOpenHost } from "./entries.ts";
import { type RunFacts, type RunStatus, runHosts, runTargets } from "./facts.ts";
import type { RunObject } from "./view.ts";

/** Whether an after-hook may be owed, so that the run must not go before its end. */
export function isHeld({ metadata }: RunObject): boolean {
  return (metadata.finalizers ?? []).includes(Finalizer.AfterHooks);
}

/** @returns the status with everything given up; undefined when the run is not deleted, or nothing of it is at work */
export function whenDeleted<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): Status | undefined {
  if (!facts.isDeleted || !isBegun(status)) return undefined;
  const isAtWork = runTargets(status).some((target) => {
    if (isOver(target)) return false;
    return isStarted(target) ? runHosts(target).some(isOpenHost) : !isRefused(facts.words, target);
  });
  if (!isAtWork) return undefined;
  return withEverythingFailed(facts.words, status, "CANCELLED", `the ${facts.words.run} was deleted`, now);
}
