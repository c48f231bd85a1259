/**
 * Walks the table of a kind of run. The table is read from the top; the first row that matches changes the recorded facts, and
 * the table is read again, until a row says that nothing more can be said or none matches. So one pass does all that can be
 * done at once, and a restarted reconciler goes on where the facts are. Reads no clock and writes nothing.
 */
import { UserError } from "../../shared/errors.ts";
import { jobsToEnd } from "../jobs/ended.ts";
import { withPhases } from "./completion.ts";
import type { RunFacts, RunStatus } from "./facts.ts";
import { ownHooks } from "./own-hooks.ts";
import type { Decision, Row, RunAction } from "./step.ts";
import type { RunObject, RunView } from "./view.ts";

export interface RunTable<View, Status extends RunStatus, Own> {
  readonly rows: readonly Row<View, Status, RunAction<Status> | Own>[];
  /** A run as the shared rows see it. */
  factsOf(view: View): RunFacts<Status>;
  /** What is to be done whatever the rows say, right after the status is written. */
  always(view: View): readonly Own[];
  /** The row that waits for members. Only behind it are their workloads and jobs touched: not while a global hook runs, say. */
  readonly wait: Row<View, Status, RunAction<Status> | Own>;
  /** What members whose turn it is wait to be done. */
  due(view: View, status: Status, now: Date): readonly Own[];
  /** The status with its reasons in words. */
  explained(view: View, status: Status): Status;
  lookAgainMs(view: View, status: Status, now: Date): number | undefined;
}

/** Enough for a DaemonSet of thousands of nodes; beyond it a row must be matching without changing anything. */
const MAX_STEPS = 100_000;

/**
 * @param now current time
 * @throws UserError INTERNAL when the table does not come to an end
 */
export function decideRun<View extends RunView<RunObject, Status>, Status extends RunStatus, Own>(
  table: RunTable<View, Status, Own>,
  view: View,
  now: Date,
): Decision<RunAction<Status> | Own> {
  type Action = RunAction<Status> | Own;
  const { words } = table.factsOf(view);
  const actions: Action[] = [...table.always(view)];
  const trail: string[] = [];
  let last: Row<View, Status, Action> | undefined;
  // Agents change entries too: the phases follow before any row looks.
  let status = withPhases(table.factsOf(view), view.status);
  for (let steps = 0; ; steps += 1) {
    if (steps > MAX_STEPS) throw new UserError("INTERNAL", `the ${words.run} table does not end: ${trail.slice(-3)}`);
    const matched = firstMatch(table.rows, view, status, now);
    if (matched === undefined) break;
    const { row, step } = matched;
    trail.push(row.name);
    actions.push(...(step.actions ?? []));
    if (step.status !== undefined) status = withPhases(table.factsOf(view), step.status);
    last = step.isEnd === true ? row : undefined;
    if (last !== undefined) break;
  }
  status = table.explained(view, status);
  // On what was decided: a hook must not start after what it prepares for was given up, and ends before its after-hook begins.
  const hooks = ownHooks(table.factsOf(view), status);
  actions.unshift(
    ...hooks.givenUp.map((key) => ({ kind: "AbortHook", key }) as const),
    ...hooks.prepared.map((key) => ({ kind: "StartPrepared", key }) as const),
  );
  if (last === table.wait) actions.push(...table.due(view, status, now));
  for (const job of jobsToEnd(view.jobs, status, words, now, view.limits.podWaitMs)) {
    actions.push({ kind: "EndJob", job });
  }
  return {
    actions: status === view.status ? actions : [{ kind: "WriteStatus", status }, ...actions],
    trail,
    requeueAfterMs: table.lookAgainMs(view, status, now),
  };
}

function firstMatch<View, Status, Action>(
  rows: readonly Row<View, Status, Action>[],
  view: View,
  status: Status,
  now: Date,
) {
  for (const row of rows) {
    const step = row.next(view, status, now);
    if (step !== undefined) return { row, step };
  }
  return undefined;
}
