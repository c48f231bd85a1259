/** Rows that end a restore: its deadline, hosts that are tried again, and the mark that everything is recorded. Pure. */
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { withDeadlineExceeded } from "../run/abort.ts";
import { areTargetsOver, isBegun, isOver } from "../run/completion.ts";
import { isRecorded, withEnd } from "../run/ended.ts";
import { isOpenHost } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { createdAtMs } from "../run/view.ts";
import { isHostRetryLeft, RESTORE_WORDS } from "./facts.ts";
import { describeLeftHosts, withLeftHosts } from "./left-hosts.ts";
import type { RestoreStatus } from "./status.ts";
import type { Row, Step } from "./step.ts";
import { isJobTarget, type MemberStatus, type RestoreView } from "./view.ts";

/**
 * When the restore must have ended: `timeOut` counts from its creation, and also ends one that never began; without one the default
 * counts from its begin. Undefined where there is no limit, as with a timeOut of 0.
 */
export function deadlineMs(view: RestoreView, startTime: string | undefined): number | undefined {
  const { timeOutMs } = view.invoker;
  if (timeOutMs !== undefined) return timeOutMs > 0 ? createdAtMs(view) + timeOutMs : undefined;
  const { restoreMs } = view.limits;
  return restoreMs > 0 && startTime !== undefined ? Date.parse(startTime) + restoreMs : undefined;
}

export const deadline: Row = {
  name: "deadline passed",
  next(view, status, now): Step | undefined {
    const atMs = deadlineMs(view, status.startTime);
    if (atMs === undefined || hasCondition(status.conditions, ConditionType.DeadlineExceeded)) return undefined;
    if (now.getTime() < atMs || (isBegun(status) && areTargetsOver(status))) return undefined;
    const message = `the restore did not end before ${formatTime(new Date(atMs))}`;
    const begun: RestoreStatus = isBegun(status) ? status : { ...status, startTime: formatTime(now), targets: [] };
    return {
      status: withDeadlineExceeded(RESTORE_WORDS, begun, message, now),
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
  const { error: _error, reason: _reason, progress: _progress, starts: _starts, ...kept } = rest;
  // A pod that holds is given its turn again, as any is: when nobody else mounts what it restores.
  return { ...kept, phase: "Pending", assignedAt: formatTime(now), attempt: host.attempt ?? 1 };
}

/** Tries all failed hosts again at the same time, when no other host is under way. */
export const retryHosts: Row = {
  name: "hosts tried again",
  next(view, status, now): Step | undefined {
    const all = runTargets(status).flatMap((target) =>
      isOver(target) || isJobTarget(view, target) ? [] : runHosts(target),
    );
    const failed = all.filter((host) => isHostRetryLeft(view, status, host));
    if (failed.length === 0 || now.getTime() < retryDueMs(view, failed)) return undefined;
    const isBusy = runTargets(status).some((target) => {
      const hosts = runHosts(target);
      return hosts.some((host) => failed.includes(host)) && hosts.some(isOpenHost);
    });
    if (isBusy) return undefined;
    const targets = runTargets(status).map((target): MemberStatus => {
      const hosts = runHosts(target);
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
  const atMs = deadlineMs(view, status.startTime);
  const failed = runTargets(status).flatMap((target) =>
    isOver(target) || isJobTarget(view, target)
      ? []
      : runHosts(target).filter((host) => isHostRetryLeft(view, status, host)),
  );
  const times = [
    ...(atMs === undefined ? [] : [atMs]),
    ...(failed.length === 0 ? [] : [retryDueMs(view, failed)]),
  ].filter((time) => time > now.getTime());
  return Math.min(...times) - now.getTime();
}

export const finish: Row = {
  name: "final",
  next(view, status, now): Step | undefined {
    if (!isBegun(status) || isRecorded(status)) return undefined;
    const left = describeLeftHosts(view, status);
    if (left === undefined) return { status: withEnd(view, status, now) };
    const news = { kind: "EmitEvent", type: "Warning", reason: "Hosts Not Restored", message: left } as const;
    return { status: withEnd(view, withLeftHosts(status, left, now), now), actions: [news] };
  },
};
