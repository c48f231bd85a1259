/**
 * What is to be done for a RestoreSession or RestoreBatch now. Reads no clock and writes nothing. As decideSession, the
 * table is read from the top until a row says that nothing more can be said or none matches.
 *
 * | # | row | when | then |
 * |---|---|---|---|
 * | 1 | deleted | | a finalizer that upstream left goes |
 * | 2 | ended | everything is recorded | nothing |
 * | 3 | endHooks | a hook that was recorded as started has ended | record how |
 * | 4 | deadline | passed | everything open fails |
 * | 5 | repositoryFound | not begun | wait for the Repository |
 * | 6 | validated | not begun, not valid or not allowed, or its recovery point is not known or missing | look for it, say so, wait |
 * | 7 | begin | not begun | recovery point, repository, one entry a member |
 * | 8 | globalBefore | there is one | run it, wait for it; its failure fails every member before any data is touched |
 * | 9 | jobsEnded | a host's job ended, and the host did not | it fails with the job's reason |
 * | 10 | lostExecutors | a host's pod is gone | another pod |
 * | 11 | answerLocks | locks whose owner is gone | tell the agent which |
 * | 12 | startMembers | a member's turn has come | the gate at its workload, or its jobs; then its hosts |
 * | 13 | moreHosts | a DaemonSet's rollout reached another node | its host |
 * | 14 | retryHosts | hosts failed and tries are left | their turn again |
 * | 15 | giveTurns | a pod waits in its init-container | its turn |
 * | 16 | tellOldPods | other pods mount what the pod restores | their names, until they are gone |
 * | 17 | memberAfter | a host ended | after-hook |
 * | 18 | concludeMembers | nothing of a member runs | conditions; its phase follows |
 * | 19 | wait | a member is not over | wait |
 * | 20 | globalAfter | there is one | run it by its policy, wait for it |
 * | 21 | finish | | final |
 */
import { Finalizer } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { jobsToEnd } from "../jobs/ended-job.ts";
import { withReason } from "./explain.ts";
import { areMembersFinal, deadline, finish, msToNextTime, retryHosts } from "./finish.ts";
import { answerLocks } from "./locks.ts";
import { dueRequests, moreHosts, startMembers } from "./members.ts";
import { dueLooks, msToNextLook, tellOldPods } from "./old-pod-rows.ts";
import type { RestoreStatus } from "./restore-status.ts";
import {
  concludeMembers,
  endHooks,
  giveTurns,
  globalAfter,
  globalBefore,
  jobsEnded,
  lostExecutors,
  memberAfter,
  RESTORE_WORDS,
  startPrepared,
  withPhases,
} from "./run-rows.ts";
import { begin, isBegun, repositoryFound, validated } from "./start.ts";
import type { Action, Decision, Row } from "./step.ts";
import type { RestoreView } from "./view.ts";

const deleted: Row = {
  name: "deleted",
  next({ object, invoker }) {
    if (!invoker.isBeingDeleted) return undefined;
    const hasOurs = (object.metadata.finalizers ?? []).includes(Finalizer.Invoker);
    return { actions: hasOurs ? [{ kind: "RemoveFinalizer" }] : [], isEnd: true };
  },
};

function isRecorded(status: RestoreStatus): boolean {
  return hasCondition(status.conditions, ConditionType.MetricsPushed);
}

const ended: Row = {
  name: "final already",
  next: (_view, status) => (isRecorded(status) ? { isEnd: true } : undefined),
};

const wait: Row = {
  name: "wait for members",
  next: (_view, status) => (isBegun(status) && !areMembersFinal(status) ? { isEnd: true } : undefined),
};

const TABLE: readonly Row[] = [
  deleted,
  ended,
  endHooks,
  deadline,
  repositoryFound,
  validated,
  begin,
  globalBefore,
  jobsEnded,
  lostExecutors,
  answerLocks,
  startMembers,
  moreHosts,
  retryHosts,
  giveTurns,
  tellOldPods,
  memberAfter,
  concludeMembers,
  wait,
  globalAfter,
  finish,
];

const MAX_STEPS = 100_000;
/** Waits end without an event, and clocks jump. */
const LOOK_EVERY_MS = 10_000;

/**
 * @param now current time
 * @throws UserError INTERNAL when the table does not come to an end
 */
export function decideRestore(view: RestoreView, now: Date): Decision {
  const before = view.status;
  const actions: Action[] = [...startPrepared(view)];
  const trail: string[] = [];
  let status = view.invoker.isBeingDeleted ? before : withPhases(view, before);
  let last: Row | undefined;
  for (let steps = 0; ; steps += 1) {
    if (steps > MAX_STEPS) throw new UserError("INTERNAL", `the restore table does not end: ${trail.slice(-3)}`);
    const matched = firstMatch(view, status, now);
    if (matched === undefined) break;
    const { row, step } = matched;
    trail.push(row.name);
    actions.push(...(step.actions ?? []));
    if (step.status !== undefined) status = withPhases(view, step.status);
    last = step.isEnd === true ? row : undefined;
    if (last !== undefined) break;
  }
  if (!isRecorded(before) && !view.invoker.isBeingDeleted) status = withReason(view, status);
  const isOver = isRecorded(status) || view.invoker.isBeingDeleted;
  // No workload is touched while the restore itself waits, for its global before-hook say.
  if (last === wait) actions.push(...dueRequests(view, status, now));
  if (!isOver) actions.push(...dueLooks(view, status, now));
  const { podWaitMs } = view.limits;
  const dead = jobsToEnd(view.jobs, status, RESTORE_WORDS, now, podWaitMs);
  actions.push(...dead.map((job): Action => ({ kind: "EndJob", job })));
  return {
    actions: status === before ? actions : [{ kind: "WriteStatus", status }, ...actions],
    trail,
    requeueAfterMs: isOver ? undefined : nextLookMs(view, status, now),
  };
}

function nextLookMs(view: RestoreView, status: RestoreStatus, now: Date): number {
  return Math.min(LOOK_EVERY_MS, msToNextTime(view, status, now), msToNextLook(view, status, now));
}

function firstMatch(view: RestoreView, status: RestoreStatus, now: Date) {
  for (const row of TABLE) {
    const step = row.next(view, status, now);
    if (step !== undefined) return { row, step };
  }
  return undefined;
}
