/** What a member's turn begins with: the gate at its workload, or its jobs, then its hosts. Pure. */
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import { assertNever, type ErrorCode } from "../../shared/errors.ts";
import { type CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import { type ConditionStatus, findCondition, formatTime } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target.ts";
import { decideJobStart, type TargetJob } from "../jobs/target-job.ts";
import { withExplanation, withoutExplanation, withTargetCondition } from "../run/entries.ts";
import { hostnamesOf } from "../run/hosts.ts";
import { isRefused } from "../run/settled.ts";
import { withRefusal } from "./give-up.ts";
import { RESTORE_WORDS } from "./run-rows.ts";
import type { Action } from "./step.ts";
import { type MemberStatus, type RestoreView, targetRef } from "./view.ts";

/** A workload that was asked for the init-container is asked again after this long: the webhook may have been away. */
const ASK_AGAIN_MS = 10_000;

export interface MemberAnswer {
  readonly target: MemberStatus;
  readonly actions?: readonly Action[];
}

interface MemberCondition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: keyof typeof CONDITION_REASONS;
  readonly message: string;
}

/** Holds the member with a condition; when it has been held for too long, gives it up. */
function hold(
  _view: RestoreView,
  target: MemberStatus,
  condition: MemberCondition,
  give: { readonly code: ErrorCode; readonly limitMs: number },
  now: Date,
): MemberStatus {
  const since = findCondition(target.conditions, condition.type);
  const isOver =
    since?.status === condition.status && now.getTime() - Date.parse(since.lastTransitionTime) >= give.limitMs;
  if (isOver) return withRefusal(target, give.code, condition.message, now);
  const held = withTargetCondition(target, condition, now);
  return withExplanation(held, condition.reason, condition.message);
}

/**
 * | # | workload at the member's turn | answer |
 * |---|---|---|
 * | 1 | does not exist | wait for it: admission gives it the init-container when it is created |
 * | 2 | its template has no init-container of this restore | ask for it, again and again |
 * | 3 | wants no pod | wait |
 * | 4 | otherwise | its hosts |
 */
export function startMember(view: RestoreView, target: MemberStatus, now: Date): MemberAnswer {
  const ref = targetRef(view, target);
  const key = targetKey(ref);
  const workload = view.workloads.get(key);
  const name = formatTarget(ref);
  if (workload === undefined) {
    const condition = {
      type: ConditionType.RestoreTargetFound,
      status: "False",
      reason: "TargetNotAvailable",
      message: `${name} does not exist`,
    } as const;
    const give = { code: "NOT_FOUND", limitMs: view.limits.restoreWaitMs } as const;
    return { target: hold(view, target, condition, give, now) };
  }
  const found = withTargetCondition(
    target,
    {
      type: ConditionType.RestoreTargetFound,
      status: "True",
      reason: "TargetAvailable",
      message: `${name} exists`,
    },
    now,
  );
  const gate = view.gates.get(key);
  if (gate?.isInjected !== true) {
    const condition = {
      type: ConditionType.StashInitContainerInjected,
      status: "Unknown",
      reason: "InitContainerInjectionFailed",
      message: `${name} was sent through admission, and the webhook has not added the init-container yet`,
    } as const;
    const give = { code: "SIDECAR_NOT_RUNNING", limitMs: view.limits.podWaitMs } as const;
    const held = hold(view, found, condition, give, now);
    const isDue = gate?.askedMsAgo === undefined || gate.askedMsAgo >= ASK_AGAIN_MS;
    return {
      target: held,
      actions: isDue && !isRefused(RESTORE_WORDS, held) ? [{ kind: "RequestInjection", ref }] : [],
    };
  }
  const injected = withTargetCondition(
    found,
    {
      type: ConditionType.StashInitContainerInjected,
      status: "True",
      reason: "InitContainerInjectionSucceeded",
      message: "the pod template has the init-container",
    },
    now,
  );
  if (workload.replicas === 0) {
    return { target: withExplanation(injected, "PodNotReady", `${name} has no pod yet that waits for its data`) };
  }
  const hostnames = hostnamesOf(ref, target.alias, workload);
  const totalHosts = totalHostsOf(ref.kind, hostnames.length, workload.replicas);
  const executor = "pods wait in the init-container for their data";
  return { target: withHosts(injected, { hostnames, totalHosts, executor }, now) };
}

/** As startMember, where jobs do the work. */
export function startJobMember(
  view: RestoreView,
  target: MemberStatus,
  job: TargetJob,
  targetIndex: number,
  now: Date,
): MemberAnswer {
  const start = decideJobStart(job);
  const waiting = (message: string) =>
    ({
      type: ConditionType.RestoreJobCreated,
      status: "Unknown",
      reason: "RestoreJobCreationFailed",
      message,
    }) as const;
  switch (start.kind) {
    case "refuse":
      return { target: withRefusal(target, start.code, start.message, now) };
    case "hold": {
      const give = { code: start.code, limitMs: view.limits.podWaitMs };
      return { target: hold(view, target, waiting(start.message), give, now) };
    }
    case "make": {
      const give = { code: "EXECUTOR_LOST", limitMs: view.limits.podWaitMs } as const;
      const held = hold(view, target, waiting("its job is being made"), give, now);
      return { target: held, actions: isRefused(RESTORE_WORDS, held) ? [] : [{ kind: "EnsureJobs", targetIndex }] };
    }
    case "hosts": {
      const made = withTargetCondition(
        target,
        {
          type: ConditionType.RestoreJobCreated,
          status: "True",
          reason: "RestoreJobCreationSucceeded",
          message: "the job is running",
        },
        now,
      );
      const { hostnames } = start;
      return {
        target: withHosts(made, { hostnames, totalHosts: hostnames.length, executor: "the job is there" }, now),
      };
    }
    default:
      return assertNever(start);
  }
}

/** A DaemonSet's hosts get their names one by one, while its rollout replaces the pods. */
export function totalHostsOf(kind: string, known: number, wanted: number): number {
  return kind === "DaemonSet" ? Math.max(known, wanted) : known;
}

export function newHost(hostname: string, now: Date): RestoreHostStats {
  return { hostname, phase: "Pending", assignedAt: formatTime(now) };
}

interface Hosts {
  readonly hostnames: readonly string[];
  readonly totalHosts: number;
  /** What brings them their data, for people. */
  readonly executor: string;
}

function withHosts(target: MemberStatus, { hostnames, totalHosts, executor }: Hosts, now: Date): MemberStatus {
  const ensured = withTargetCondition(
    target,
    {
      type: ConditionType.RestoreExecutorEnsured,
      status: "True",
      reason: "SuccessfullyEnsuredRestoreExecutor",
      message: executor,
    },
    now,
  );
  const stats = hostnames.map((hostname) => newHost(hostname, now));
  return { ...withoutExplanation(ensured), totalHosts, stats };
}
