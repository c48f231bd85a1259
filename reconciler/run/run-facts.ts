/** What sessions and restores have in common for the rows that give hosts to pods and run members' commands. */
import type { Condition } from "../../shared/api/condition.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import type { CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import type { ResolvedTargetRef } from "../../shared/target.ts";
import type { HookRun, HookRuns } from "../hooks/hook-plan.ts";
import { type HostEntry, type TargetEntry, withItem } from "./entries.ts";
import type { RunOwner } from "./host-runs.ts";
import type { AgentRole } from "./hosts.ts";
import type { TurnGate } from "./turn-gate.ts";
import type { Limits, PodFact, Pods, Workloads } from "./world.ts";

/** The part of a session's or restore's status that these rows change. */
export interface RunStatus {
  readonly targets?: readonly TargetEntry[];
  readonly hooks?: readonly HookResult[];
  readonly conditions?: readonly Condition[];
}

export interface ConditionWords {
  readonly type: ConditionType;
  readonly good: keyof typeof CONDITION_REASONS;
  readonly bad: keyof typeof CONDITION_REASONS;
}

/** The words in which a backup and a restore differ. */
export interface RunWords {
  readonly role: AgentRole;
  readonly before: "preBackup" | "preRestore";
  readonly after: "postBackup" | "postRestore";
  readonly executorEnsured: ConditionWords;
  readonly beforeHook: ConditionWords;
  readonly afterHook: ConditionWords;
  readonly globalBefore: ConditionWords;
  readonly globalAfter: ConditionWords;
  /** How many pods one host is given to at most. */
  readonly maxAttempts: number;
}

/** Hooks of a member, as its invoker has them now. */
export interface RunMember {
  readonly before: Handler | undefined;
  readonly after: Handler | undefined;
  readonly afterPolicy: string | undefined;
}

export interface RunFacts<Status extends RunStatus> {
  readonly words: RunWords;
  readonly objectUid: string;
  /** Of the session or restore; nothing is done outside it. */
  readonly namespace: string;
  /** Owner of what is made for the run. */
  readonly owner: RunOwner;
  readonly workloads: Workloads;
  readonly pods: Pods;
  /** By hostKey(): for how long, by this process's own clock, the host's entry has not changed. */
  readonly silenceMs: ReadonlyMap<string, number>;
  readonly hookRuns: HookRuns;
  readonly leaderSinceMs: number;
  readonly limits: Limits;
  /** Handlers of the whole run. */
  readonly globalHooks: RunMember;
  /** Undefined when the invoker no longer has the member. */
  memberOf(target: TargetEntry): RunMember | undefined;
  refOf(target: TargetEntry): ResolvedTargetRef;
  /** How long a host of the target waits for a pod, in milliseconds. */
  podWaitMsOf(target: TargetEntry): number;
  /** Whether a host's turn may be given to the pod now; always where it is left out. */
  turnGate?(status: Status, target: TargetEntry, pod: PodFact): TurnGate;
  /** Whether an agent that has its turn would report by now, and does not wait for another host. */
  isReportDue(status: Status, host: HostEntry): boolean;
  /** What a host is given together with its pod. */
  withWork(status: Status, host: HostEntry): HostEntry;
  /** Why commands before the agent's work can't run at all; undefined when they can. */
  beforeProblem(target: TargetEntry): string | undefined;
  /** Whether a command can run in the pod's containers now, after the agent's work. */
  canRunAfter(pod: PodFact): boolean;
  /** First failure of the run so far, or undefined. */
  failureOf(status: Status): string | undefined;
  hasFailed(status: Status, target: TargetEntry): boolean;
  isRetryToFollow(status: Status): boolean;
  /** @param target undefined for the whole run */
  summaryOf(status: Status, target: TargetEntry | undefined, now: Date): HookSummary;
  /** Gives up everything that has not ended. */
  withEverythingFailed(status: Status, code: ErrorCode, message: string, now: Date): Status;
}

/** A row that matched: the status after it, and a hook whose intent it holds; or nothing but to wait. */
export type RunStep<Status extends RunStatus> =
  | { readonly status: Status; readonly hook?: HookRun; readonly isEnd?: false }
  | { readonly isEnd: true };

/** Names a host's entry within its session or restore. */
export function hostKey(targetIndex: number, hostIndex: number): string {
  return `${targetIndex}/${hostIndex}`;
}

export function runTargets(status: RunStatus): readonly TargetEntry[] {
  return status.targets ?? [];
}

export function runHosts(target: TargetEntry): readonly HostEntry[] {
  return target.stats ?? [];
}

export function withRunTarget<Status extends RunStatus>(
  status: Status,
  index: number,
  change: (target: TargetEntry) => TargetEntry,
): Status {
  return { ...status, targets: withItem(runTargets(status), index, change) };
}

export function withRunHost<Status extends RunStatus>(
  status: Status,
  targetIndex: number,
  hostIndex: number,
  change: (host: HostEntry) => HostEntry,
): Status {
  return withRunTarget(status, targetIndex, (target) => ({
    ...target,
    stats: withItem(runHosts(target), hostIndex, change),
  }));
}
