/** Gives hosts to pods, with the before-hook in between, and takes them from pods that are gone. Pure. */
import { hookTimeoutMs, reconcilerPart } from "../../shared/hooks/parts.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { hookKey, hooksOf, isHookOpen, withIntent, withSkipped } from "../hooks/records.ts";
import { isStarted } from "./completion.ts";
import { type HostEntry, hostFailure, isAssigned, isOpenHost, type TargetEntry } from "./entries.ts";
import { execPlace } from "./exec-place.ts";
import {
  type HostPlace,
  hostKey,
  type RunFacts,
  type RunStatus,
  type RunStep,
  runHosts,
  runTargets,
  withEachHost,
  withRunHost,
  withRunTarget,
} from "./facts.ts";
import { staleFactor } from "./heartbeats.ts";
import { type HostPlan, planHosts, type TargetPlan, whyUnserved } from "./hosts.ts";
import { runSummary } from "./outcome.ts";
import { owedTarget } from "./owed-hooks.ts";
import { OPEN_GATE, type TurnGate } from "./turn-gate.ts";
import { isAlive, type PodFact, workloadOf } from "./world.ts";

/** Every host of every started target. */
function* hostPlaces(status: RunStatus): Generator<HostPlace> {
  for (const [targetIndex, target] of runTargets(status).entries()) {
    if (!isStarted(target)) continue;
    for (const [hostIndex, host] of runHosts(target).entries()) yield { targetIndex, target, hostIndex, host };
  }
}

function withHostAt<Status extends RunStatus>(
  status: Status,
  { targetIndex, hostIndex }: HostPlace,
  change: (host: HostEntry) => HostEntry,
): Status {
  return withRunHost(status, targetIndex, hostIndex, change);
}

interface PlannedHosts {
  readonly plan: TargetPlan;
  readonly byName: ReadonlyMap<string, HostPlan>;
}

/** The target's hosts as they can be served now. */
function planOf<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  isPatienceOver: boolean,
): PlannedHosts {
  const ref = facts.refOf(target);
  const workload = workloadOf(facts.workloads, targetKey(ref), target.alias);
  const plan = planHosts({ ref, alias: target.alias, workload, role: facts.words.role, isPatienceOver });
  // Of two hosts of one name the first counts.
  const hosts = plan.kind === "hosts" ? plan.hosts.toReversed() : [];
  return { plan, byName: new Map(hosts.map((host) => [host.hostname, host])) };
}

/** Pods that can take the target's hosts now, by host. */
export function podsOf<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  isPatienceOver: boolean,
): ReadonlyMap<string, PodFact | undefined> {
  const { byName } = planOf(facts, target, isPatienceOver);
  return new Map([...byName].map(([hostname, { pod }]) => [hostname, pod]));
}

/** What a host waits for that no pod serves yet; undefined where nothing is known of that. */
export function waitOf<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  host: HostEntry,
): string | undefined {
  const { plan, byName } = planOf(facts, target, true);
  if (plan.kind !== "hosts") return plan.message;
  return whyUnserved(byName.get(host.hostname ?? "")?.candidates ?? [], facts.words.role);
}

/** Pod that can take the host now. */
export function podFor<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  host: HostEntry,
  isPatienceOver: boolean,
): PodFact | undefined {
  return podsOf(facts, target, isPatienceOver).get(host.hostname ?? "");
}

/**
 * | # | host that has not ended and has a pod | answer |
 * |---|---|---|
 * | 1 | pod gone, agent silent long enough or never started | wait for another pod, or ExecutorLost after the last |
 * | 2 | pod on its way out, agent silent long enough: its node is lost, or it was stopped | as in 1 |
 * | 3 | pod there, nothing of ours runs in it | it lives: what limits it is the deadline, and how its job goes |
 * | 4 | pod there, agent silent for very long | ExecutorLost |
 */
export function stepLostExecutor<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const { limits, pods, words } = facts;
  const staleMs = limits.heartbeatStaleMs * staleFactor(status);
  const next = withEachHost(status, ({ target, targetIndex, host, hostIndex }) => {
    if (!isStarted(target) || !isOpenHost(host) || !isAssigned(host)) return host;
    const heartbeatAgeMs = facts.heartbeatAgesMs.get(hostKey(targetIndex, hostIndex)) ?? 0;
    if (!isAlive(pods, host.podUID)) {
      return host.phase === "Running" && heartbeatAgeMs < staleMs
        ? host
        : withoutPod(host, "is gone", words.maxAttempts, now);
    }
    const pod = pods.get(host.podUID ?? "");
    // A program of somebody else says nothing for as long as it likes, but not on a pod that should be gone.
    const graceMs = (pod?.graceSeconds ?? 0) * 1_000;
    const mostMs = pod?.isSilent === true ? Math.max(limits.agentSilentMs, graceMs + staleMs) : staleMs;
    if (pod?.isTerminating === true && heartbeatAgeMs >= mostMs)
      return withoutPod(host, "is on its way out and silent", words.maxAttempts, now);
    if (heartbeatAgeMs < limits.agentSilentMs || pod?.isMute === true || !facts.isReportDue(status, host)) return host;
    const message = `pod ${host.pod ?? ""} exists, but its agent has not reported for ${Math.round(heartbeatAgeMs / 1_000)} s`;
    return { ...host, ...hostFailure("EXECUTOR_LOST", message, formatTime(now)) };
  });
  return next === status ? undefined : { status: next };
}

/** The host waits for another pod, or failed if it has had its chances. Open repository work is open again. */
function withoutPod(host: HostEntry, how: string, maxAttempts: number, now: Date): HostEntry {
  const attempt = host.attempt ?? 1;
  const results = host.results?.filter((result) => result.phase !== "Running");
  const kept = { ...(results !== undefined && { results }) };
  if (attempt >= maxAttempts) {
    const message = `pod ${host.pod ?? ""} ${how}, and the host was given to ${attempt} pods already`;
    return { ...host, ...kept, ...hostFailure("EXECUTOR_LOST", message, formatTime(now)) };
  }
  const { pod, podUID, node: _node, assignedAt, startedAt: _at, starts: _starts, progress: _progress, ...rest } = host;
  const former = {
    ...(pod !== undefined && { pod }),
    ...(podUID !== undefined && { podUID }),
    ...(assignedAt !== undefined && { assignedAt }),
  };
  return {
    ...rest,
    ...kept,
    phase: "Pending",
    attempt,
    assignedAt: formatTime(now),
    formerPods: [...(host.formerPods ?? []), former],
  };
}

/** How many more hosts of each target may be at work, by position. */
function roomOf(status: RunStatus, most: number): number[] {
  return runTargets(status).map((target) => {
    return most - runHosts(target).filter((host) => isOpenHost(host) && isAssigned(host)).length;
  });
}

/** Plans as podFor does, but looks at each target once: it may have thousands of hosts. */
function createPlanner<Status extends RunStatus>(facts: RunFacts<Status>) {
  const known = new Map<string, PlannedHosts>();
  return ({ targetIndex, target }: HostPlace, isPatienceOver: boolean): PlannedHosts => {
    const key = `${targetIndex}/${isPatienceOver}`;
    const planned = known.get(key) ?? planOf(facts, target, isPatienceOver);
    known.set(key, planned);
    return planned;
  };
}

/**
 * Gives hosts that wait to their pods, all of them at once; where the member has a before-hook one by one, and only after
 * that succeeded in the pod. Of a target with many hosts only so many are at work at the same time.
 */
export function stepGiveTurn<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const room = roomOf(status, facts.limits.maxConcurrentHosts);
  const planFor = createPlanner(facts);
  let next = status;
  for (const place of hostPlaces(status)) {
    const { host, target, targetIndex } = place;
    if (!isOpenHost(host) || isAssigned(host) || (room[targetIndex] ?? 0) <= 0) continue;
    const waitedMs = now.getTime() - (Date.parse(host.assignedAt ?? "") || 0);
    const isPatienceOver = waitedMs >= facts.podWaitMsOf(target);
    const { pod, candidates = [] } = planFor(place, isPatienceOver).byName.get(host.hostname ?? "") ?? {};
    if (pod === undefined) {
      if (isPatienceOver) {
        const why = whyUnserved(candidates, facts.words.role);
        next = withHostAt(next, place, (old) => ({ ...old, ...unserved(old, why, now) }));
      }
      continue;
    }
    const gate = facts.turnGate?.(next, target, pod) ?? OPEN_GATE;
    if (gate.kind !== "open") {
      const isOver = isPatienceOver && gate.kind === "closed";
      if (isOver) next = withHostAt(next, place, (old) => ({ ...old, ...shutOut(gate, now) }));
      continue;
    }
    const isHooked = reconcilerPart(facts.memberOf(target)?.before) !== undefined;
    // What a hook's record says is decided on what is written, and on nothing besides.
    if (isHooked && next !== status) break;
    const step = giveTo(facts, next, place, pod, now);
    if (isHooked && step !== undefined) return step;
    if (step === undefined || step.isEnd === true) continue;
    next = step.status;
    room[targetIndex] = (room[targetIndex] ?? 0) - 1;
  }
  return next === status ? undefined : { status: next };
}

function unserved(host: HostEntry, why: string | undefined, now: Date) {
  const [code, message] =
    host.attempt === undefined
      ? (["SIDECAR_NOT_RUNNING", "no ready pod that serves the host runs our container"] as const)
      : (["EXECUTOR_LOST", "its pod is gone, and no other pod could take over"] as const);
  return hostFailure(code, why === undefined ? message : `${message}: ${why}`, formatTime(now));
}

function shutOut({ message, code }: Extract<TurnGate, { readonly kind: "closed" }>, now: Date) {
  return hostFailure(code ?? "OLD_PODS_RUNNING", message, formatTime(now));
}

function giveTo<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  place: HostPlace,
  pod: PodFact,
  now: Date,
): RunStep<Status> | undefined {
  const { target, host } = place;
  const { words } = facts;
  const attempt = (host.attempt ?? 0) + 1;
  if (reconcilerPart(facts.memberOf(target)?.before) !== undefined) {
    // One run of the hook for each pod that gets the host.
    const record = hooksOf(target.hooks, words.before, host.hostname)[attempt - 1];
    const problem = facts.beforeProblem(target);
    if (record === undefined && problem !== undefined) {
      const ended = { phase: "Failed", message: problem, finishedAt: formatTime(now) } as const;
      return {
        status: withRunTarget(status, place.targetIndex, (old) => ({
          ...old,
          hooks: withSkipped(old.hooks, words.before, host.hostname, ended),
        })),
      };
    }
    if (record === undefined) return runBefore(facts, status, place, pod, now);
    if (isHookOpen(record)) return undefined;
    if (record.phase !== "Succeeded") {
      const failure = hostFailure("HOOK_FAILED", `${words.before} hook: ${record.message ?? ""}`, formatTime(now));
      return { status: withHostAt(status, place, (old) => ({ ...old, ...failure })) };
    }
    if (record.podUID !== pod.uid) {
      // The pod that the hook prepared is gone: its attempt counts, and the hook runs in the new one.
      const isLast = attempt >= words.maxAttempts;
      const change = isLast ? unserved({ ...host, attempt }, undefined, now) : { attempt };
      return { status: withHostAt(status, place, (old) => ({ ...old, ...change })) };
    }
  }
  const given = { pod: pod.name, podUID: pod.uid, ...(pod.nodeName !== undefined && { node: pod.nodeName }), attempt };
  return {
    status: withHostAt(status, place, (old) =>
      facts.withWork(status, { ...old, ...given, phase: "Pending", assignedAt: formatTime(now) }),
    ),
  };
}

/** Records the intent, and which pod it is for, before the hook starts. */
function runBefore<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  place: HostPlace,
  pod: PodFact,
  now: Date,
): RunStep<Status> {
  const { target, targetIndex, host } = place;
  const member = facts.memberOf(target);
  const handler = reconcilerPart(member?.before) ?? {};
  const after = reconcilerPart(member?.after);
  const prepared = withHostAt(status, place, (old) => ({ ...old, pod: pod.name }));
  const where = { hostname: host.hostname, podUID: pod.uid };
  return {
    status: withRunTarget(prepared, targetIndex, (old) => ({
      ...old,
      hooks: withIntent(old.hooks, facts.words.before, facts.hookRuns.runner, where, now),
    })),
    hook: {
      key: hookKey(facts.objectUid, `targets/${targetIndex}`, target.hooks?.length ?? 0),
      startedAt: now.toISOString(),
      namespace: facts.namespace,
      handler,
      place: execPlace(pod, handler),
      summary: runSummary(facts, status, target, now),
      timeoutMs: hookTimeoutMs(handler, facts.limits.hookMs),
      owes: after && {
        target: owedTarget(facts, target),
        hostname: host.hostname,
        podUID: pod.uid,
        after,
        afterPolicy: member?.afterPolicy,
      },
    },
  };
}
