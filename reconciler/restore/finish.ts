/** Rows that end a restore: its deadline, hosts that are tried again, and the mark that everything is recorded. Pure. */
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import { formatRoundedDuration } from "../../shared/duration.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime, hasCondition } from "../../shared/status/conditions.ts";
import { isFinalRestoreMemberPhase } from "../../shared/status/restore-phase.ts";
import { isOpenHost } from "../run/entries.ts";
import { withEverythingFailed } from "./give-up.ts";
import { isHostRetryLeft } from "./outcome.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { abortBeforeHooks } from "./run-rows.ts";
import { isBegun, withRestoreCondition } from "./start.ts";
import type { Row, Step } from "./step.ts";
import { createdAtMs, hostsOf, isJobTarget, type MemberStatus, type RestoreView, targetsOf } from "./view.ts";

export function areMembersFinal(status: RestoreStatus): boolean {
  return targetsOf(status).every(({ phase }) => phase !== undefined && isFinalRestoreMemberPhase(phase));
}

/** The deadline counts from the restore's creation; it also ends one that never began. */
export const deadline: Row = {
  name: "deadline passed",
  next(view, status, now): Step | undefined {
    const { timeOutMs } = view.invoker;
    if (timeOutMs === undefined || hasCondition(status.conditions, ConditionType.DeadlineExceeded)) return undefined;
    const atMs = createdAtMs(view) + timeOutMs;
    if (now.getTime() < atMs || (isBegun(status) && areMembersFinal(status))) return undefined;
    const message = `the restore did not end before ${formatTime(new Date(atMs))}`;
    const begun: RestoreStatus = isBegun(status) ? status : { ...status, startTime: formatTime(now), targets: [] };
    const failed = withEverythingFailed(begun, "DEADLINE_EXCEEDED", message, now);
    return {
      status: withRestoreCondition(
        failed,
        { type: ConditionType.DeadlineExceeded, status: "True", reason: "FailedToCompleteWithinDeadline", message },
        now,
      ),
      actions: abortBeforeHooks(view, status),
    };
  },
};

/** When the failed hosts of a restore may be tried again: after the delay that follows the last failure. */
function retryDueMs(view: RestoreView, hosts: readonly RestoreHostStats[]): number {
  const ends = hosts.map(({ finishedAt }) => Date.parse(finishedAt ?? "") || 0);
  return Math.max(0, ...ends) + (view.invoker.retry?.delayMs ?? 0);
}

function withNewAttempt(host: RestoreHostStats, now: Date): RestoreHostStats {
  const { pod: _pod, podUID: _uid, node: _node, startedAt: _started, finishedAt: _finished, ...rest } = host;
  const { error: _error, reason: _reason, progress: _progress, ...kept } = rest;
  // A pod that holds is given its turn again, as any is: when nobody else mounts what it restores.
  return { ...kept, phase: "Pending", assignedAt: formatTime(now), attempt: host.attempt ?? 1 };
}

/** Tries all failed hosts again at the same time, when no other host is under way. */
export const retryHosts: Row = {
  name: "hosts tried again",
  next(view, status, now): Step | undefined {
    const all = targetsOf(status).flatMap((target) => (isJobTarget(view, target) ? [] : hostsOf(target)));
    const failed = all.filter((host) => isHostRetryLeft(view, status, host));
    if (failed.length === 0 || now.getTime() < retryDueMs(view, failed)) return undefined;
    const isBusy = targetsOf(status).some((target) => {
      const hosts = hostsOf(target);
      return hosts.some((host) => failed.includes(host)) && hosts.some(isOpenHost);
    });
    if (isBusy) return undefined;
    const targets = targetsOf(status).map((target): MemberStatus => {
      const hosts = hostsOf(target);
      if (!hosts.some((host) => failed.includes(host))) return target;
      return {
        ...target,
        stats: hosts.map((host) => (failed.includes(host) ? withNewAttempt(host, now) : host)),
      };
    });
    return { status: { ...status, targets, retries: (status.retries ?? 0) + 1 } };
  },
};

/** Milliseconds until the table may say something new by time alone: a deadline, or another try. */
export function msToNextTime(view: RestoreView, status: RestoreStatus, now: Date): number {
  const { timeOutMs } = view.invoker;
  const failed = targetsOf(status).flatMap((target) =>
    isJobTarget(view, target) ? [] : hostsOf(target).filter((host) => isHostRetryLeft(view, status, host)),
  );
  const times = [
    ...(timeOutMs === undefined ? [] : [createdAtMs(view) + timeOutMs]),
    ...(failed.length === 0 ? [] : [retryDueMs(view, failed)]),
  ].filter((time) => time > now.getTime());
  return Math.min(...times) - now.getTime();
}

export const finish: Row = {
  name: "final",
  next(view, status, now): Step | undefined {
    if (!isBegun(status) || hasCondition(status.conditions, ConditionType.MetricsPushed)) return undefined;
    return {
      status: withRestoreCondition(
        {
          ...status,
          completionTime: formatTime(now),
          sessionDuration: formatRoundedDuration(Math.max(0, now.getTime() - createdAtMs(view))),
        },
        {
          type: ConditionType.MetricsPushed,
          status: "True",
          reason: "SuccessfullyPushedMetrics",
          message: "everything is recorded",
        },
        now,
      ),
    };
  },
};
