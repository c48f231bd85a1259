/** Rows that bring a target to its turn: order, the wait for a pod, its hosts. Pure. */

import type { HostStats } from "../../shared/api/host-stats.ts";
import { Driver, FailurePolicy } from "../../shared/contract.ts";
import { assertNever, formatUserError } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { findCondition, formatTime } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target.ts";
import { whyOutside } from "../authority.ts";
import { jobsToEnd } from "../jobs/ended-job.ts";
import { decideJobStart, type TargetJob } from "../jobs/target-job.ts";
import { withExplanation, withoutExplanation, withTargetCondition } from "../run/entries.ts";
import { planHosts } from "../run/hosts.ts";
import { type MemberState, memberTurns, type OrderedMember, type Turn, type TurnOf } from "../run/order.ts";
import { isRefused, isStarted } from "../run/settled.ts";
import { withTarget } from "./change.ts";
import { withRefusal } from "./give-up.ts";
import { BACKUP_WORDS } from "./run-rows.ts";
import { isBegun } from "./start.ts";
import type { Action, Row, Step } from "./step.ts";
import { memberOf, type SessionStatus, type SessionView, type TargetStatus, targetRef, targetsOf } from "./view.ts";

function memberState(target: TargetStatus): MemberState {
  if (target.phase !== undefined && isFinalTargetPhase(target.phase)) return target.phase;
  return isStarted(target) ? "Running" : "Pending";
}

function orderedMembers(view: SessionView, status: SessionStatus): readonly OrderedMember[] {
  return targetsOf(status).map((target) => ({
    names: [target.alias ?? targetRef(view, target).name],
    dependsOn: memberOf(view, target)?.dependsOn ?? [],
    state: memberState(target),
  }));
}

/** What the target waits for besides other members, or why it can't run here. */
function obstacle(view: SessionView, target: TargetStatus): Turn | undefined {
  const member = memberOf(view, target);
  const ref = targetRef(view, target);
  if (member === undefined) {
    return { kind: "refuse", code: "INVALID_OBJECT", message: `${formatTarget(ref)} was removed from the invoker` };
  }
  const outside = whyOutside(view.session.metadata.namespace, member);
  if (outside !== undefined) return { kind: "refuse", code: outside.code, message: formatUserError(outside) };
  const refusal = view.invoker?.refusals.get(targetKey(ref));
  if (refusal !== undefined) return { kind: "refuse", code: "INVALID_OBJECT", message: refusal };
  if (view.invoker?.view.driver !== Driver.Restic) {
    const message = `${formatTarget(ref)}: driver ${view.invoker?.view.driver ?? ""} is not served, only ${Driver.Restic}`;
    return { kind: "refuse", code: "TARGET_INVALID", message };
  }
  const other = view.busyTargets.get(targetKey(ref));
  if (other !== undefined) {
    return { kind: "hold", reason: "OtherSessionRunning", message: `waits for BackupSession ${other}` };
  }
  return undefined;
}

/** Since when the target has waited for a pod; undefined when it has not. */
function waitsSince(target: TargetStatus): string | undefined {
  const condition = findCondition(target.conditions, ConditionType.BackupExecutorEnsured);
  return condition?.status === "Unknown" ? condition.lastTransitionTime : undefined;
}

function withHold(target: TargetStatus, reason: string, message: string, now: Date): TargetStatus {
  const held = withTargetCondition(
    target,
    {
      type: ConditionType.BackupExecutorEnsured,
      status: "Unknown",
      reason: "FailedToEnsureBackupExecutor",
      message: `${reason}: ${message}`,
    },
    now,
  );
  return withExplanation(held, reason, message);
}

interface StartedHosts {
  readonly hostnames: readonly string[];
  readonly totalHosts: number;
  /** Since when they wait for a pod: a wait that is over for the target is over for its hosts. */
  readonly waitSince: string;
  /** What serves them. */
  readonly executor: "sidecar" | "job";
}

function withHosts(target: TargetStatus, hosts: StartedHosts, now: Date): TargetStatus {
  const { hostnames, totalHosts, waitSince: assignedAt } = hosts;
  const stats = hostnames.map((hostname): HostStats => ({ hostname, phase: "Pending", assignedAt }));
  // Nodes whose pod never came have no name, and still count.
  const unnamed = Array.from(
    { length: Math.max(0, totalHosts - hostnames.length) },
    (_, at): HostStats => ({
      hostname: `unknown-${at}`,
      phase: "Failed",
      reason: "SIDECAR_NOT_RUNNING",
      error: "a node that wants a pod has none",
      finishedAt: formatTime(now),
    }),
  );
  const ensured = withTargetCondition(
    target,
    {
      type: ConditionType.BackupExecutorEnsured,
      status: "True",
      reason: "SuccessfullyEnsuredBackupExecutor",
      message: `the ${hosts.executor} is running`,
    },
    now,
  );
  return { ...withoutExplanation(ensured), totalHosts, stats: [...stats, ...unnamed] };
}

/** As startTarget, where a job does the work. */
function startJobTarget(view: SessionView, target: TargetStatus, job: TargetJob, now: Date): TargetStatus {
  const since = waitsSince(target);
  const isPatienceOver = since !== undefined && now.getTime() - Date.parse(since) >= view.limits.podWaitMs;
  const start = decideJobStart(job);
  switch (start.kind) {
    case "refuse":
      return withRefusal(target, start.code, start.message, now);
    case "hosts": {
      const { hostnames } = start;
      return withHosts(
        target,
        { hostnames, totalHosts: hostnames.length, waitSince: formatTime(now), executor: "job" },
        now,
      );
    }
    case "hold":
      return isPatienceOver
        ? withRefusal(target, start.code, start.message, now)
        : withHold(target, "PodNotReady", start.message, now);
    case "make":
      return withHold(target, "PodNotReady", "its job is being made", now);
    default:
      return assertNever(start);
  }
}

function startTarget(view: SessionView, target: TargetStatus, now: Date): TargetStatus {
  const ref = targetRef(view, target);
  const since = waitsSince(target);
  const isPatienceOver = since !== undefined && now.getTime() - Date.parse(since) >= view.limits.podWaitMs;
  const workload = view.workloads.get(targetKey(ref));
  const plan = planHosts({ ref, alias: target.alias, workload, role: "sidecar", isPatienceOver });
  switch (plan.kind) {
    case "failed":
      return withRefusal(target, plan.code, plan.message, now);
    case "hold":
      return isPatienceOver
        ? withRefusal(target, plan.code, plan.message, now)
        : withHold(target, plan.reason, plan.message, now);
    case "hosts": {
      const hostnames = plan.hosts.map((host) => host.hostname);
      const wanted = ref.kind === "DaemonSet" ? (workload?.replicas ?? 0) : 0;
      const totalHosts = Math.max(hostnames.length, wanted);
      const waitSince = isPatienceOver ? since : formatTime(now);
      return withHosts(target, { hostnames, totalHosts, waitSince, executor: "sidecar" }, now);
    }
  }
}

function turnsOf(view: SessionView, status: SessionStatus): TurnOf {
  const { executionOrder = "", failurePolicy = "" } = view.invoker?.view ?? {};
  const members = orderedMembers(view, status);
  const failFast = failurePolicy === FailurePolicy.FailFast ? "failurePolicy is FailFast" : undefined;
  return memberTurns({ executionOrder, failFast, members });
}

function turnOf(view: SessionView, turns: TurnOf, index: number, target: TargetStatus): Turn {
  const turn = turns(index);
  return turn.kind === "start" ? (obstacle(view, target) ?? turn) : turn;
}

function advance(view: SessionView, turns: TurnOf, index: number, target: TargetStatus, now: Date) {
  const answer = turnOf(view, turns, index, target);
  switch (answer.kind) {
    case "refuse":
      return withRefusal(target, answer.code, answer.message, now);
    case "hold":
      return withExplanation(target, answer.reason, answer.message);
    case "start": {
      const job = view.jobs.get(index);
      return job === undefined ? startTarget(view, target, now) : startJobTarget(view, target, job, now);
    }
  }
}

/** Jobs that are to end now, likewise. */
export function deadJobs(view: SessionView, status: SessionStatus, now: Date): readonly Action[] {
  const jobs = jobsToEnd(view.jobs, status, BACKUP_WORDS, now, view.limits.podWaitMs);
  return jobs.map((job): Action => ({ kind: "EndJob", job }));
}

/** Jobs that are to be made now, whatever the table says: they change nothing in the status. */
export function dueJobs(view: SessionView, status: SessionStatus): readonly Action[] {
  if (!isBegun(status) || view.jobs.size === 0) return [];
  const turns = turnsOf(view, status);
  return targetsOf(status).flatMap((target, targetIndex): Action[] => {
    const job = view.jobs.get(targetIndex);
    if (job === undefined || isStarted(target) || isRefused(BACKUP_WORDS, target)) return [];
    const turn = turnOf(view, turns, targetIndex, target);
    const isDue = turn.kind === "start" && decideJobStart(job).kind === "make";
    return isDue ? [{ kind: "EnsureJob", targetIndex }] : [];
  });
}

export const startMembers: Row = {
  name: "a member's turn",
  next(view, status, now): Step | undefined {
    if (!isBegun(status)) return undefined;
    const turns = turnsOf(view, status);
    for (const [index, target] of targetsOf(status).entries()) {
      if (isStarted(target) || isRefused(BACKUP_WORDS, target)) continue;
      const next = advance(view, turns, index, target, now);
      if (next !== target) return { status: withTarget(status, index, () => next) };
    }
    return undefined;
  },
};
