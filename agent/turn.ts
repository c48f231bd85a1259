/** What is asked of the agent, read from its host runs and never guessed. Pure. */
import type { HostAction } from "../shared/api/closed-lists.ts";
import type { HostRun } from "../shared/api/host-run.ts";

/** The first host of a session looks for the repository, and makes it. */
export const INITIALIZE: HostAction = "InitializeBackendRepository";

/** Whether the pod has told how its work ended. */
export function isEnded({ status }: HostRun): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Whether data waits to be saved or restored, or was in the middle of it. */
export function isTurn(run: HostRun): boolean {
  const { work, cancel } = run.spec;
  return (
    (work === "Backup" || work === "Restore" || work === "TryRestore") &&
    run.spec.release === undefined &&
    cancel === undefined &&
    !isEnded(run)
  );
}

/** Work on the repository that was asked for and has not ended, in order. */
export function openActions({ spec, status }: HostRun): readonly HostAction[] {
  const ended = new Set((status?.results ?? []).filter(({ phase }) => phase !== "Running").map(({ action }) => action));
  return (spec.actions ?? []).filter((action) => action !== INITIALIZE && !ended.has(action));
}

/** Whether anything is asked of the agent now. */
export function hasOpenWork(run: HostRun): boolean {
  return isTurn(run) || openActions(run).length > 0;
}

/** Whether a later order takes the place of an earlier one for the same pod. */
export function isNewer(run: HostRun, other: HostRun): boolean {
  const age = ({ spec, metadata }: HostRun) => Date.parse(spec.assignedAt ?? metadata.creationTimestamp ?? "") || 0;
  return age(run) - age(other) > 0 || (age(run) === age(other) && (run.spec.attempt ?? 0) > (other.spec.attempt ?? 0));
}

export interface Task {
  readonly run: HostRun;
  readonly keys: readonly string[];
  /** Undefined for a host's turn. */
  readonly actions?: readonly HostAction[];
}

/**
 * What is to be done next.
 *
 * @param done what this process did already: the watch may lag behind its own writes
 * @param leavesTurns whether turns are somebody else's, as where another's program does the work
 */
export function nextTask(runs: readonly HostRun[], done: ReadonlySet<string>, leavesTurns = false): Task | undefined {
  for (const run of runs) {
    const key = run.metadata.uid ?? run.metadata.name;
    if (isTurn(run)) {
      const isOurs = run.spec.work === "Backup" || run.spec.work === "TryRestore";
      if (!leavesTurns && isOurs && !done.has(key)) return { run, keys: [key] };
      continue;
    }
    // One by one: the watch may show the end of some, and not yet that of the others.
    const actions = openActions(run).filter((action) => !done.has(`${key}#${action}`));
    if (actions.length > 0) return { run, actions, keys: actions.map((action) => `${key}#${action}`) };
  }
  return undefined;
}
