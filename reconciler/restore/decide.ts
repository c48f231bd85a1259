/**
 * What is to be done for a RestoreSession or RestoreBatch now. Reads no clock and writes nothing.
 *
 * | # | row | when | then |
 * |---|---|---|---|
 * | 1 | ended | everything is recorded | nothing |
 * | 2 | endHooks | a hook that was recorded as started has ended | record how |
 * | 3 | deadline | passed | everything open fails |
 * | 4 | repositoryFound | not begun | wait for the Repository |
 * | 5 | validated | not begun, not valid or not allowed, or its recovery point is not known or missing | look for it, say so, wait |
 * | 6 | begin | not begun | recovery point, repository, one entry a member |
 * | 7 | deleted | the restore is deleted, and held for what it owes | everything open fails |
 * | 8 | globalBefore | there is one | run it, wait for it; its failure fails every member before any data is touched |
 * | 9 | jobsEnded | a host's job ended, and the host did not | it fails with the job's reason |
 * | 10 | explainRestarts | an agent was given up because it began again and again | the kubelet's word for why |
 * | 11 | lostExecutors | a host's pod is gone | another pod |
 * | 12 | answerLocks | locks whose owner is gone | tell the agent which |
 * | 13 | stopMembers | a workload was scaled to 0 before any host's turn | its member waits again |
 * | 14 | startMembers | a member's turn has come | the gate at its workload, or at the claims of its jobs, and those; then its hosts |
 * | 15 | moreHosts | a DaemonSet's rollout reached another node, or a StatefulSet was scaled | its host; a replica that is gone without a turn goes |
 * | 16 | retryHosts | hosts failed and tries are left | their turn again |
 * | 17 | giveTurns | a pod waits in its init-container | its turn |
 * | 18 | tellOldPods | other pods mount what the pod restores | their names, until they are gone |
 * | 19 | memberAfter | a host ended | after-hook |
 * | 20 | concludeTargets | nothing of a member runs | conditions; its phase follows |
 * | 21 | wait | a member is not over | wait |
 * | 22 | globalAfter | there is one | run it by its policy, wait for it |
 * | 23 | finish | | final |
 *
 * A dry run goes through the same rows, of a view without hooks, order and tries: reconciler/restore/dry-run.ts.
 */
import { decideRun, type RunTable } from "../run/decide.ts";
import { isRecorded } from "../run/ended.ts";
import { createRows } from "../run/rows.ts";
import type { Decision } from "../run/step.ts";
import { withReason } from "./explain.ts";
import { RESTORE_WORDS, runFacts } from "./facts.ts";
import { deadline, finish, msToNextTime, retryHosts } from "./finish.ts";
import { dueRequests, moreHosts, startMembers, stopMembers } from "./members.ts";
import { dueLooks, msToNextLook, tellOldPods, withOneLook } from "./old-pod-rows.ts";
import { begin, repositoryFound, validated } from "./start.ts";
import type { RestoreStatus } from "./status.ts";
import type { Action, OwnAction, Row } from "./step.ts";
import type { RestoreView } from "./view.ts";

const shared = createRows<RestoreView, RestoreStatus>({ words: RESTORE_WORDS, factsOf: runFacts });

const ended: Row = {
  name: "final already",
  next: (_view, status) => (isRecorded(status) ? { isEnd: true } : undefined),
};

/** Waits end without an event, and clocks jump. */
const LOOK_EVERY_MS = 10_000;

const TABLE: RunTable<RestoreView, RestoreStatus, OwnAction> = {
  rows: [
    ended,
    shared.endHooks,
    deadline,
    repositoryFound,
    validated,
    begin,
    shared.deleted,
    shared.globalBefore,
    shared.jobsEnded,
    shared.explainRestarts,
    shared.lostExecutors,
    shared.answerLocks,
    stopMembers,
    startMembers,
    moreHosts,
    retryHosts,
    shared.giveTurns,
    tellOldPods,
    shared.memberAfter,
    shared.concludeTargets,
    shared.wait,
    shared.globalAfter,
    finish,
  ],
  wait: shared.wait,
  factsOf: runFacts,
  always: () => [],
  due: (view, status, now) =>
    view.invoker.isDryRun ? [] : withOneLook([...dueRequests(view, status, now), ...dueLooks(view, status, now)]),
  explained: (view, status) => (isRecorded(view.status) ? status : withReason(view, status)),
  lookAgainMs(view, status, now) {
    if (isRecorded(status)) return undefined;
    return Math.min(LOOK_EVERY_MS, msToNextTime(view, status, now), msToNextLook(view, status, now));
  },
};

/**
 * @param now current time
 * @throws UserError INTERNAL when the table does not come to an end
 */
export function decideRestore(view: RestoreView, now: Date): Decision<Action> {
  return decideRun(TABLE, view, now);
}
