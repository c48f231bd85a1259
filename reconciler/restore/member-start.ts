/** What a member's turn begins with: the gate at its workload, or its jobs, then its hosts. Pure. */
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import { assertNever, type ErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionFalse } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { filledClaims } from "../jobs/claims.ts";
import { makesClaims } from "../jobs/host.ts";
import type { TargetJob } from "../jobs/of-target.ts";
import { isRefused } from "../run/completion.ts";
import { type EntryCondition, type TargetEntry, withEntryCondition, withoutExplanation } from "../run/entries.ts";
import { hostnamesOf } from "../run/hosts.ts";
import { awaitTarget, seenTarget } from "../run/job-target.ts";
import { type MemberAnswer, startByJobs, withHold } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import { startTried } from "./dry-run.ts";
import { RESTORE_WORDS } from "./facts.ts";
import { OLD_PODS_RUNNING } from "./old-pods.ts";
import { claimGate } from "./quiet-gate.ts";
import type { OwnAction } from "./step.ts";
import { memberOf, type RestoreView } from "./view.ts";

/** A workload that was asked for the init-container is asked again after this long: the webhook may have been away. */
const ASK_AGAIN_MS = 10_000;

/** Holds the member with a condition that also says why; when it has been held for too long, gives it up. */
function hold(
  target: TargetEntry,
  condition: EntryCondition,
  give: { readonly code: ErrorCode; readonly limitMs: number },
  now: Date,
): TargetEntry {
  const { reason, message } = condition;
  return withHold(RESTORE_WORDS, target, { ...give, condition, reason, message }, now);
}

function notAdded(name: string) {
  return {
    reason: "InitContainerInjectionFailed",
    message: `${name} was sent through admission, and the webhook has not added the init-container yet`,
  } as const;
}

function refused(name: string, words: string) {
  return {
    reason: "InitContainerInjectionFailed",
    message: `InjectionRefusedByCluster: ${name} keeps its pods as they are, since the cluster refuses them with the init-container: ${words} (next: make room for it, or change the workload; it is tried again)`,
  } as const;
}

/**
 * | # | workload at the member's turn | answer |
 * |---|---|---|
 * | 1 | does not exist | wait for it: admission gives it the init-container when it is created |
 * | 2 | its template has no init-container of this restore | ask for it, again and again: by a dry run of a pod first |
 * | 3 | wants no pod | wait, as long as for one that does not exist |
 * | 4 | otherwise | its hosts |
 */
function startInPods(view: RestoreView, target: TargetEntry, now: Date): MemberAnswer<OwnAction> {
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
    return { target: hold(target, condition, give, now) };
  }
  const found = withEntryCondition(
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
    const refusal = gate?.refusal;
    const condition = {
      type: ConditionType.StashInitContainerInjected,
      status: "Unknown",
      ...(refusal === undefined ? notAdded(name) : refused(name, refusal)),
    } as const;
    const give = { code: "SIDECAR_NOT_RUNNING", limitMs: view.limits.podWaitMs } as const;
    const held = hold(found, condition, give, now);
    const isDue = gate?.askedMsAgo === undefined || gate.askedMsAgo >= ASK_AGAIN_MS;
    return {
      target: held,
      actions: isDue && !isRefused(RESTORE_WORDS, held) ? [{ kind: "RequestInjection", ref }] : [],
    };
  }
  const injected = withEntryCondition(
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
    const message = `${name} has no pod yet that waits for its data (next: scale it up)`;
    const { type, bad } = RESTORE_WORDS.executorEnsured;
    const condition = { type, status: "Unknown", reason: bad, message } as const;
    const give = { code: "NO_REPLICAS", limitMs: view.limits.restoreWaitMs } as const;
    return { target: withHold(RESTORE_WORDS, injected, { ...give, condition, reason: "PodNotReady", message }, now) };
  }
  const hostnames = hostnamesOf(ref, target.alias, workload);
  const totalHosts = totalHostsOf(ref.kind, hostnames.length, workload.replicas);
  const executor = "pods wait in the init-container for their data";
  return { target: withHosts(injected, { hostnames, totalHosts, executor }, now) };
}

/** The turn of a member. */
export function startMember(
  view: RestoreView,
  target: TargetEntry,
  targetIndex: number,
  now: Date,
): MemberAnswer<OwnAction> {
  if (view.invoker.isDryRun) {
    return startTried(view, target, (hostnames, executor) =>
      withHosts(target, { hostnames, totalHosts: hostnames.length, executor }, now),
    );
  }
  const job = view.jobs.get(targetIndex);
  return job === undefined ? startInPods(view, target, now) : startInJobs(view, target, targetIndex, job, now);
}

interface VolumeCheck {
  readonly target: TargetEntry;
  /** Where its turn ends with that. */
  readonly answer?: MemberAnswer<OwnAction>;
  /** Who mounts the claims that are filled all the same. */
  readonly inUse?: string;
}

/**
 * | # | claims that the member's jobs fill | answer |
 * |---|---|---|
 * | 1 | none that we know of, as of a database; or a job is there already | go on |
 * | 2 | not known who else mounts them | look first |
 * | 3 | nobody else does | go on; it is said where pods did before |
 * | 4 | pods do, and the restore says `volumesInUse: Wait` | wait until they are gone, then OLD_PODS_RUNNING |
 * | 5 | pods do | go on, as upstream does; it is said |
 */
function checkVolumes(view: RestoreView, target: TargetEntry, job: TargetJob, now: Date): VolumeCheck {
  const member = memberOf(view, target);
  const claims = member === undefined ? [] : filledClaims(member);
  if (claims.length === 0 || job.hosts.some(({ outcome }) => outcome !== undefined)) return { target };
  const gate = claimGate(view, view.status, targetRef(view, target), claims);
  const type = ConditionType.VolumesFree;
  switch (gate.kind) {
    case "unknown":
      return { target, answer: { target, actions: [{ kind: "LookAtPods", uids: [] }] } };
    case "open": {
      if (!isConditionFalse(target.conditions, type)) return { target };
      const message = "no other pod mounts what is restored any more";
      return { target: withEntryCondition(target, { type, status: "True", reason: "NoOtherPods", message }, now) };
    }
    case "closed": {
      const { message } = gate;
      const condition = { type, status: "False", reason: "VolumesInUse", message } as const;
      if (!view.invoker.waitsForVolumes) return { target: withEntryCondition(target, condition, now), inUse: message };
      const limit = { code: "OLD_PODS_RUNNING", limitMs: view.limits.restoreWaitMs } as const;
      const held = withHold(RESTORE_WORDS, target, { ...limit, condition, reason: OLD_PODS_RUNNING, message }, now);
      return { target: held, answer: { target: held } };
    }
    default:
      return assertNever(gate);
  }
}

function startInJobs(
  view: RestoreView,
  before: TargetEntry,
  targetIndex: number,
  job: TargetJob,
  now: Date,
): MemberAnswer<OwnAction> {
  const { target: entry, answer: first, inUse } = checkVolumes(view, before, job, now);
  if (first !== undefined) return first;
  const make = { kind: "EnsureJobs", targetIndex, inUse } as const;
  const { restoreWaitMs, podWaitMs } = view.limits;
  const ref = targetRef(view, entry);
  const member = memberOf(view, entry);
  const isWorkload = view.workloads.has(targetKey(ref));
  const seen = seenTarget({ ref, job, isWorkload, makesClaims: member !== undefined && makesClaims(member) });
  const wait = {
    words: RESTORE_WORDS,
    found: ConditionType.RestoreTargetFound,
    executor: ConditionType.RestoreJobCreated,
    missing: { reason: "TargetNotAvailable", limitMs: restoreWaitMs },
    unknownLimitMs: podWaitMs,
    make,
  } as const;
  const { target, answer } = awaitTarget<OwnAction>(entry, seen, wait, now);
  if (answer !== undefined) return answer;
  const created = (status: "True" | "Unknown", message: string) =>
    ({
      type: ConditionType.RestoreJobCreated,
      status,
      reason: status === "True" ? "RestoreJobCreationSucceeded" : "RestoreJobCreationFailed",
      message,
    }) as const;
  const how = {
    make,
    hold: (code: ErrorCode, message: string) =>
      hold(target, created("Unknown", message), { code, limitMs: podWaitMs }, now),
    started(hostnames: readonly string[]) {
      const made = withEntryCondition(target, created("True", "the job is running"), now);
      return withHosts(made, { hostnames, totalHosts: hostnames.length, executor: "the job is there" }, now);
    },
  } as const;
  return startByJobs<OwnAction>(RESTORE_WORDS, target, job, how, now);
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

function withHosts(target: TargetEntry, { hostnames, totalHosts, executor }: Hosts, now: Date): TargetEntry {
  const ensured = withEntryCondition(
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
