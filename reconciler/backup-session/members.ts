/** What brings a target of a session to its turn: what stands against it, and its hosts. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { FailurePolicy } from "../../shared/contract.ts";
import { assertNever, type ErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { TargetJob } from "../jobs/of-target.ts";
import { withRefusal } from "../run/abort.ts";
import { type TargetEntry, withEntryCondition, withoutExplanation } from "../run/entries.ts";
import { planHosts } from "../run/hosts.ts";
import { awaitTarget, seenTarget } from "../run/job-target.ts";
import { createMemberRows, heldSince, type MemberAnswer, startByJobs, withHold } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import { BACKUP_WORDS, runFacts } from "./facts.ts";
import type { OwnAction } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

/** The wait for what is to do the work. */
const WAITING = { type: ConditionType.BackupExecutorEnsured, status: "Unknown" } as const;

function hold(
  view: SessionView,
  target: TargetEntry,
  why: { readonly reason: string; readonly code: ErrorCode; readonly message: string },
  now: Date,
): TargetEntry {
  const message = `${why.reason}: ${why.message}`;
  const condition = { ...WAITING, reason: "FailedToEnsureBackupExecutor", message } as const;
  return withHold(BACKUP_WORDS, target, { ...why, condition, limitMs: view.limits.podWaitMs }, now);
}

interface StartedHosts {
  readonly hostnames: readonly string[];
  readonly totalHosts: number;
  /** Since when they wait for a pod: a wait that is over for the target is over for its hosts. */
  readonly waitSince: string;
  /** What serves them. */
  readonly executor: "sidecar" | "job";
}

function withHosts(target: TargetEntry, hosts: StartedHosts, now: Date): TargetEntry {
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
  const ensured = withEntryCondition(
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

function startInJob(
  view: SessionView,
  entry: TargetEntry,
  targetIndex: number,
  job: TargetJob,
  now: Date,
): MemberAnswer<OwnAction> {
  const make = { kind: "EnsureJob", targetIndex } as const;
  const { podWaitMs } = view.limits;
  const ref = targetRef(view, entry);
  const isWorkload = view.workloads.has(targetKey(ref));
  const wait = {
    words: BACKUP_WORDS,
    found: ConditionType.BackupTargetFound,
    executor: WAITING.type,
    missing: { reason: "TargetMissing", limitMs: podWaitMs },
    unknownLimitMs: podWaitMs,
    make,
  } as const;
  const seen = seenTarget({ ref, job, isWorkload, makesClaims: false });
  const { target, answer } = awaitTarget<OwnAction>(entry, seen, wait, now);
  if (answer !== undefined) return answer;
  const how = {
    make,
    hold: (code: ErrorCode, message: string) => hold(view, target, { reason: "PodNotReady", code, message }, now),
    started: (hostnames: readonly string[]) => {
      const hosts = { hostnames, totalHosts: hostnames.length, waitSince: formatTime(now), executor: "job" } as const;
      return withHosts(target, hosts, now);
    },
  } as const;
  return startByJobs<OwnAction>(BACKUP_WORDS, target, job, how, now);
}

function startTarget(view: SessionView, target: TargetEntry, index: number, now: Date): MemberAnswer<OwnAction> {
  const job = view.jobs.get(index);
  if (job !== undefined) return startInJob(view, target, index, job, now);
  const ref = targetRef(view, target);
  const since = heldSince(target, WAITING);
  const isPatienceOver = since !== undefined && now.getTime() - Date.parse(since) >= view.limits.podWaitMs;
  const workload = view.workloads.get(targetKey(ref));
  const plan = planHosts({ ref, alias: target.alias, workload, role: "sidecar", isPatienceOver });
  switch (plan.kind) {
    case "failed":
      return { target: withRefusal(BACKUP_WORDS, target, plan.code, plan.message, now) };
    case "hold":
      return { target: hold(view, target, plan, now) };
    case "hosts": {
      const names = plan.hosts.map((host) => host.hostname);
      const wanted = ref.kind === "DaemonSet" ? (workload?.replicas ?? 0) : 0;
      const waitSince = isPatienceOver ? since : formatTime(now);
      const totalHosts = Math.max(names.length, wanted);
      return { target: withHosts(target, { hostnames: names, totalHosts, waitSince, executor: "sidecar" }, now) };
    }
    default:
      return assertNever(plan);
  }
}

export const { startMembers, dueActions: dueJobs } = createMemberRows<SessionView, SessionStatus, OwnAction>({
  factsOf: runFacts,
  orderOf({ invoker }) {
    const { executionOrder = "", failurePolicy = "", driver = "" } = invoker?.view ?? {};
    const failFast = failurePolicy === FailurePolicy.FailFast ? "failurePolicy is FailFast" : undefined;
    return { executionOrder, failFast, driver };
  },
  obstacle(view, target) {
    const message = view.invoker?.refusals.get(targetKey(targetRef(view, target)));
    return message === undefined ? undefined : { kind: "refuse", code: "INVALID_OBJECT", message };
  },
  start: startTarget,
});
