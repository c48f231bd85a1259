/** Rows that give hosts to pods, with the before-hook in between, and take them from pods that are gone. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime, hasCondition } from "../../shared/status/conditions.ts";
import { targetKey } from "../../shared/target.ts";
import { hookTimeoutMs, reconcilerPart } from "../hooks/hook-plan.ts";
import { hookKey, hooksOf, isHookOpen, withIntent } from "../hooks/hook-records.ts";
import { hostFailure, isAssigned, isOpenHost } from "../run/entries.ts";
import { planHosts } from "../run/hosts.ts";
import { isAlive, type PodFact } from "../run/world.ts";
import { withHost, withTarget } from "./change.ts";
import { execPlace } from "./member-hooks.ts";
import { sessionSummary } from "./outcome.ts";
import { isInitCarried } from "./repository-actions.ts";
import { isStarted } from "./settled.ts";
import type { Row, Step } from "./step.ts";
import {
  hostKey,
  hostsOf,
  memberOf,
  type SessionStatus,
  type SessionView,
  type TargetStatus,
  targetRef,
  targetsOf,
} from "./view.ts";

/** A lost host is given to one other pod. */
const MAX_ATTEMPTS = 2;

interface HostPlace {
  readonly targetIndex: number;
  readonly target: TargetStatus;
  readonly hostIndex: number;
  readonly host: HostStats;
}

/** Every host of every started target. */
function* hostPlaces(status: SessionStatus): Generator<HostPlace> {
  for (const [targetIndex, target] of targetsOf(status).entries()) {
    if (!isStarted(target)) continue;
    for (const [hostIndex, host] of hostsOf(target).entries()) yield { targetIndex, target, hostIndex, host };
  }
}

function withHostAt(status: SessionStatus, place: HostPlace, change: (host: HostStats) => HostStats): SessionStatus {
  return withTarget(status, place.targetIndex, (target) => withHost(target, place.hostIndex, change));
}

function hasWaited(view: SessionView, host: HostStats, now: Date): boolean {
  return now.getTime() - (Date.parse(host.assignedAt ?? "") || 0) >= view.limits.podWaitMs;
}

/** Pod that can take the host now. */
export function podFor(view: SessionView, target: TargetStatus, host: HostStats, isPatienceOver: boolean) {
  const ref = targetRef(view, target);
  const workload = view.workloads.get(targetKey(ref));
  const plan = planHosts({ ref, alias: target.alias, workload, role: "sidecar", isPatienceOver });
  if (plan.kind !== "hosts") return undefined;
  return plan.hosts.find((candidate) => candidate.hostname === host.hostname)?.pod;
}

/**
 * | # | host that has not ended and has a pod | answer |
 * |---|---|---|
 * | 1 | pod gone, agent silent long enough or never started, first pod | wait for another pod |
 * | 2 | the same, second pod | ExecutorLost |
 * | 3 | pod there, agent silent for very long | ExecutorLost |
 */
export const lostExecutors: Row = {
  name: "executor lost",
  next(view, status, now): Step | undefined {
    for (const place of hostPlaces(status)) {
      const { host } = place;
      if (!isOpenHost(host) || !isAssigned(host)) continue;
      const silenceMs = view.silenceMs.get(hostKey(place.targetIndex, place.hostIndex)) ?? 0;
      if (!isAlive(view.pods, host.podUID)) {
        if (host.phase === "Running" && silenceMs < view.limits.heartbeatStaleMs) continue;
        return { status: withHostAt(status, place, (old) => withoutPod(old, now)) };
      }
      const isExpected = hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized);
      if (silenceMs < view.limits.agentSilentMs || !(isExpected || host.actions?.length)) continue;
      const message = `pod ${host.pod ?? ""} exists, but its agent has not reported for ${Math.round(silenceMs / 1_000)} s`;
      return {
        status: withHostAt(status, place, (old) => ({
          ...old,
          ...hostFailure("EXECUTOR_LOST", message, formatTime(now)),
        })),
      };
    }
    return undefined;
  },
};

/** The host waits for another pod, or failed if it has had its second chance. Open repository work is open again. */
function withoutPod(host: HostStats, now: Date): HostStats {
  const attempt = host.attempt ?? 1;
  const results = (host.results ?? []).filter((result) => result.phase !== "Running");
  if (attempt >= MAX_ATTEMPTS) {
    const message = `pod ${host.pod ?? ""} is gone, and the host was already given to another pod once`;
    return { ...host, results, ...hostFailure("EXECUTOR_LOST", message, formatTime(now)) };
  }
  const { pod, podUID, node: _node, assignedAt, startedAt: _started, progress: _progress, ...rest } = host;
  const former = {
    ...(pod !== undefined && { pod }),
    ...(podUID !== undefined && { podUID }),
    ...(assignedAt !== undefined && { assignedAt }),
  };
  return {
    ...rest,
    phase: "Pending",
    attempt,
    results,
    assignedAt: formatTime(now),
    formerPods: [...(host.formerPods ?? []), former],
  };
}

/** Gives hosts that wait to pods; with a before-hook in the pod, only after that succeeded. */
export const giveTurns: Row = {
  name: "a host's turn",
  next(view, status, now): Step | undefined {
    for (const place of hostPlaces(status)) {
      const { host, target } = place;
      if (!isOpenHost(host) || isAssigned(host)) continue;
      const isPatienceOver = hasWaited(view, host, now);
      const pod = podFor(view, target, host, isPatienceOver);
      if (pod !== undefined) {
        const step = giveTo(view, status, place, pod, now);
        if (step !== undefined) return step;
      } else if (isPatienceOver) {
        return { status: withHostAt(status, place, (old) => ({ ...old, ...unserved(old, now) })) };
      }
    }
    return undefined;
  },
};

function unserved(host: HostStats, now: Date) {
  return host.attempt === undefined
    ? hostFailure("SIDECAR_NOT_RUNNING", "no ready pod that serves the host runs the stash container", formatTime(now))
    : hostFailure("EXECUTOR_LOST", "its pod is gone, and no other pod could take over", formatTime(now));
}

function giveTo(view: SessionView, status: SessionStatus, place: HostPlace, pod: PodFact, now: Date) {
  const { target, host } = place;
  const attempt = (host.attempt ?? 0) + 1;
  const handler = reconcilerPart(memberOf(view, target)?.hooks?.preBackup);
  if (handler !== undefined) {
    const records = hooksOf(target.hooks, "preBackup", host.hostname);
    // One run of the hook for each pod that gets the host.
    const record = records[attempt - 1];
    if (record === undefined) return runBefore(view, status, place, pod, now);
    if (isHookOpen(record)) return undefined;
    if (record.phase !== "Succeeded") {
      const failure = hostFailure("HOOK_FAILED", `preBackup hook: ${record.message ?? ""}`, formatTime(now));
      return { status: withHostAt(status, place, (old) => ({ ...old, ...failure })) };
    }
    if (record.podUID !== pod.uid) {
      // The pod that the hook prepared is gone: its attempt counts, and the hook runs in the new one.
      if (attempt >= MAX_ATTEMPTS)
        return { status: withHostAt(status, place, (old) => ({ ...old, ...unserved(old, now) })) };
      return { status: withHostAt(status, place, (old) => ({ ...old, attempt })) };
    }
  }
  return { status: withHostAt(status, place, (old) => withPod(status, old, pod, attempt, now)) };
}

function withPod(status: SessionStatus, host: HostStats, pod: PodFact, attempt: number, now: Date): HostStats {
  const needsInit =
    !hasCondition(status.conditions, ConditionType.BackendRepositoryInitialized) && !isInitCarried(status);
  return {
    ...host,
    phase: "Pending",
    pod: pod.name,
    podUID: pod.uid,
    ...(pod.nodeName !== undefined && { node: pod.nodeName }),
    attempt,
    assignedAt: formatTime(now),
    ...(needsInit && { actions: [...(host.actions ?? []), "InitializeBackendRepository" as const] }),
  };
}

/** Records the intent, and which pod it is for, before the hook starts. */
function runBefore(view: SessionView, status: SessionStatus, place: HostPlace, pod: PodFact, now: Date): Step {
  const { target, targetIndex, host } = place;
  const handler = reconcilerPart(memberOf(view, target)?.hooks?.preBackup) ?? {};
  const at = `targets/${targetIndex}`;
  const key = hookKey(view.session.metadata.uid ?? "", at, target.hooks?.length ?? 0);
  const prepared = withHostAt(status, place, (old) => ({ ...old, pod: pod.name }));
  return {
    status: withTarget(prepared, targetIndex, (old) => ({
      ...old,
      hooks: withIntent(old.hooks, "preBackup", { hostname: host.hostname, podUID: pod.uid }, now),
    })),
    actions: [
      {
        kind: "RunHook",
        run: {
          key,
          startedAt: now.toISOString(),
          handler,
          place: execPlace(pod, handler),
          summary: sessionSummary(view, status, target, now),
          timeoutMs: hookTimeoutMs(handler, view.limits.hookMs),
        },
      },
    ],
  };
}
