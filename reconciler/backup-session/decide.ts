/**
 * What is to be done for a BackupSession now. Reads no clock and writes nothing.
 *
 * The table below is read from the top; the first row that matches changes the recorded facts, and the table is read
 * again, until a row says that nothing more can be said or none matches. So one pass does all that can be done at once,
 * and a restarted reconciler goes on where the facts are.
 *
 * | # | row | when | then |
 * |---|---|---|---|
 * | 1 | retry | final | make the session that tries again when its time has come; else nothing |
 * | 2 | awaitInvoker | not begun, the invoker was not judged yet | wait, 30 s at most |
 * | 3 | skip | not begun, and must not run | Skipped, with the reason |
 * | 4 | begin | not begun | deadline, repository, one entry a target |
 * | 5 | endHooks | a hook that was recorded as started has ended | record how |
 * | 6 | repositoryResults | an agent reports about the repository | conditions |
 * | 7 | deadline | passed while work is left | everything open fails |
 * | 8 | invokerGone | while work is left | everything open fails |
 * | 9 | globalBefore | there is one | run it, wait for it; its failure fails every target |
 * | 10 | repositoryRefused | it can't be opened | what has not started fails |
 * | 11 | jobsEnded | a host's job ended, and the host did not | it fails with the job's reason |
 * | 12 | lostExecutors | a host's pod is gone or its agent silent | another pod, once; then ExecutorLost |
 * | 13 | passInitOn | nobody is opening the repository | the next host does |
 * | 14 | answerLocks | locks whose owner is gone | tell the agent which |
 * | 15 | startMembers | a member's turn has come | its hosts; or held, or refused |
 * | 16 | giveTurns | a host waits | before-hook, then its pod |
 * | 17 | memberAfter | a host ended | after-hook |
 * | 18 | concludeTargets | nothing of a target runs | conditions; its phase follows |
 * | 19 | wait | a target is not over | wait |
 * | 20 | maintenance | all targets are over | one host keeps the repository in order |
 * | 21 | globalAfter | there is one | run it by its policy, wait for it |
 * | 22 | history | | old sessions go |
 * | 23 | finish | | final |
 */
import { UserError } from "../../shared/errors.ts";
import { withPhases } from "./change.ts";
import { finish, history, retry } from "./finish.ts";
import { areTargetsFinal, deadline, invokerGone, repositoryRefused } from "./interruptions.ts";
import { missingLabels } from "./labels.ts";
import { answerLocks } from "./locks.ts";
import { maintenance } from "./maintenance.ts";
import { deadJobs, dueJobs, startMembers } from "./members.ts";
import { nextCheckMs } from "./next-check.ts";
import { passInitOn, repositoryResults } from "./repository-results.ts";
import {
  concludeTargets,
  endHooks,
  giveTurns,
  globalAfter,
  globalBefore,
  jobsEnded,
  lostExecutors,
  memberAfter,
  startPrepared,
} from "./run-rows.ts";
import { awaitInvoker, begin, isBegun, skip } from "./start.ts";
import type { Action, Decision, Row } from "./step.ts";
import type { SessionView } from "./view.ts";

const wait: Row = {
  name: "wait for targets",
  next: (_view, status) => (isBegun(status) && !areTargetsFinal(status) ? { isEnd: true } : undefined),
};

const TABLE: readonly Row[] = [
  retry,
  awaitInvoker,
  skip,
  begin,
  endHooks,
  repositoryResults,
  deadline,
  invokerGone,
  globalBefore,
  repositoryRefused,
  jobsEnded,
  lostExecutors,
  passInitOn,
  answerLocks,
  startMembers,
  giveTurns,
  memberAfter,
  concludeTargets,
  wait,
  maintenance,
  globalAfter,
  history,
  finish,
];

/** Enough for a DaemonSet of thousands of nodes; beyond it a row must be matching without changing anything. */
const MAX_STEPS = 100_000;

/**
 * @param now current time
 * @throws UserError INTERNAL when the table does not come to an end
 */
export function decideSession(view: SessionView, now: Date): Decision {
  const before = view.session.status ?? {};
  const labels = missingLabels(view);
  const actions: Action[] = [...startPrepared(view)];
  if (labels !== undefined) actions.unshift({ kind: "AddLabels", labels });
  const trail: string[] = [];
  let last: Row | undefined;
  // Agents change entries too: the phases follow before any row looks.
  let status = withPhases(view, before);
  for (let steps = 0; ; steps += 1) {
    if (steps > MAX_STEPS) throw new UserError("INTERNAL", `the session table does not end: ${trail.slice(-3)}`);
    const matched = firstMatch(view, status, now);
    if (matched === undefined) break;
    const { row, step } = matched;
    trail.push(row.name);
    actions.push(...(step.actions ?? []));
    if (step.status !== undefined) status = withPhases(view, step.status);
    last = step.isEnd === true ? row : undefined;
    if (last !== undefined) break;
  }
  // No job is made while the session itself waits, for its global before-hook say.
  if (last === wait) actions.push(...dueJobs(view, status));
  actions.push(...deadJobs(view, status, now));
  return {
    actions: status === before ? actions : [{ kind: "WriteStatus", status }, ...actions],
    trail,
    requeueAfterMs: nextCheckMs(view, status, now),
  };
}

function firstMatch(view: SessionView, status: SessionView["session"]["status"] & object, now: Date) {
  for (const row of TABLE) {
    const step = row.next(view, status, now);
    if (step !== undefined) return { row, step };
  }
  return undefined;
}
