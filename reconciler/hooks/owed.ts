/**
 * After-hooks that are owed because a before-hook began: what they are and where, as it was then. They are kept in host runs, which
 * nobody but the reconciler writes, so that neither an edit of the invoker nor a restart forgets them. Pure.
 */
import type { Handler } from "../../shared/api/hooks.ts";
import type { HostRun, OwedHook } from "../../shared/api/host-run.ts";
import { canonicalJson, shortHash } from "../../shared/hash.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import { buildRecordRun, type HostRuns, type RunOwner } from "../run/host-runs.ts";

/** What a before-hook owes, before anybody knows in which pod of an application it will run. */
export interface Owes {
  /** Stands for the target; GLOBAL_TARGET for a hook of the whole run. */
  readonly target: string;
  readonly hostname: string | undefined;
  readonly podUID: string | undefined;
  readonly after: Handler;
  readonly afterPolicy: string | undefined;
}

export const GLOBAL_TARGET = "run";

/** Pod of an application in which a before-hook ran. */
export interface RanIn {
  readonly pod: string;
  readonly uid: string;
}

/** @param known host runs of this very run */
export function readOwed(known: HostRuns): readonly OwedHook[] {
  return [...known.values()].flatMap(({ spec }) => (spec.work === "Record" && spec.owed ? [spec.owed] : []));
}

export interface OwedPlace {
  readonly pod: string | undefined;
  readonly container: string | undefined;
  readonly behindApp: string | undefined;
  readonly ranIn: RanIn | undefined;
}

/**
 * The host run that keeps it. The same before-hook always has the same name.
 *
 * @param hookKey of the before-hook
 */
export function buildOwedRun(owner: RunOwner, hookKey: string, owes: Owes, place: OwedPlace | undefined): HostRun {
  const { name, uid } = owner;
  const { target, hostname, podUID, after, afterPolicy } = owes;
  const { pod, container, behindApp, ranIn } = place ?? {};
  const owed: OwedHook = {
    target,
    after,
    ...(hostname !== undefined && { hostname }),
    ...(podUID !== undefined && { podUID }),
    ...(afterPolicy !== undefined && { afterPolicy }),
    ...(pod !== undefined && { pod }),
    ...(container !== undefined && { container }),
    ...(behindApp !== undefined && { behindApp }),
    ...(ranIn !== undefined && { ranIn }),
  };
  const runName = nameWithSuffix(name, `owed-${shortHash(canonicalJson([uid, hookKey]))}`);
  return buildRecordRun(owner, runName, runName, { owed });
}
