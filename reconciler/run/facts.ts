/** What sessions and restores have in common for the rows that give hosts to pods and run members' commands. */
import type { Condition } from "../../shared/api/condition.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import type { OwedHook } from "../../shared/api/host-run.ts";
import type { ChosenRecoveryPoint } from "../../shared/api/recovery-point.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import type { CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";
import type { HookRun, HookRuns } from "../hooks/plan.ts";
import { type HostEntry, type TargetEntry, withItem } from "./entries.ts";
import type { RunOwner } from "./host-runs.ts";
import type { AgentRole } from "./hosts.ts";
import type { TurnGate } from "./turn-gate.ts";
import type { Limits, PodFact, Pods, Workloads } from "./world.ts";

/** The part of a session's or restore's status that these rows change. */
export interface RunStatus {
  readonly observedGeneration?: number;
  readonly phase?: string;
  /** Why a restore waits or failed. */
  readonly message?: string;
  /** From then on the run is at work. */
  readonly startTime?: string;
  readonly sessionDeadline?: string;
  readonly repository?: { readonly name?: string; readonly namespace?: string };
  readonly targets?: readonly TargetEntry[];
  readonly hooks?: readonly HookResult[];
  readonly conditions?: readonly Condition[];
  readonly recoveryPoint?: ChosenRecoveryPoint;
  /** Both only in a status as it is stored. */
  readonly records?: readonly string[];
  readonly unlistedSnapshots?: number;
  readonly membersDone?: string;
}

export interface ConditionWords {
  readonly type: ConditionType;
  readonly good: keyof typeof CONDITION_REASONS;
  readonly bad: keyof typeof CONDITION_REASONS;
}

/** The words in which a backup and a restore differ. */
export interface RunWords {
  readonly run: "session" | "restore";
  readonly work: "backup" | "restore";
  /** Begins the reasons of Events. */
  readonly event: "Backup" | "Restore";
  /** What names the members. */
  readonly invoker: "invoker" | "restore";
  readonly role: AgentRole;
  readonly before: "preBackup" | "preRestore";
  readonly after: "postBackup" | "postRestore";
  readonly executorEnsured: ConditionWords;
  readonly beforeHook: ConditionWords;
  readonly afterHook: ConditionWords;
  readonly globalBefore: ConditionWords;
  readonly globalAfter: ConditionWords;
  /** Conditions of the run that are failures when they are False, in the order in which they are told. */
  readonly failures: readonly ConditionType[];
  /** How many pods one host is given to at most. */
  readonly maxAttempts: number;
}

/** Hooks of a member or of the whole run, as the invoker has them now. */
export interface RunHooks {
  readonly before: Handler | undefined;
  readonly after: Handler | undefined;
  readonly afterPolicy: string | undefined;
}

export interface RunMember extends RunHooks {
  readonly view: BackupMemberView | RestoreMemberView;
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
  readonly heartbeatAgesMs: ReadonlyMap<string, number>;
  readonly hookRuns: HookRuns;
  /** After-hooks that are owed, as they were when their before-hooks began. */
  readonly owed: readonly OwedHook[];
  /** The run is being deleted: what is owed is done, and nothing else. */
  readonly isDeleted: boolean;
  readonly leaderSinceMs: number;
  readonly limits: Limits;
  /** Handlers of the whole run. */
  readonly globalHooks: RunHooks;
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
  /** Whether another run will try again. */
  isRetryToFollow(status: Status): boolean;
  /** Whether hosts of the target will be tried again within this run. */
  isRetryOpen(status: Status, target: TargetEntry): boolean;
  /** Tries that are left, for templates of hooks. */
  retryLeft(status: Status): number;
  /** What they see besides that and how it went. */
  readonly summary: SummarySource;
  /** Phase by the facts of the target's entry alone. */
  targetPhase(target: TargetEntry): string;
  /** Phase of the run, by its conditions and the phases of its targets. */
  runPhase(status: Status): string;
  /** What is recorded of a target that is over, besides what its hooks came to. */
  concluded(target: TargetEntry, now: Date): TargetEntry;
}

/** What templates of hooks see of a run whatever it came to. */
export interface SummarySource {
  readonly name: string;
  readonly namespace: string;
  readonly invoker: HookSummary["Invoker"];
  readonly createdAtMs: number;
}

/** A row that matched: the status after it, and a hook whose intent it holds; or nothing but to wait. */
export type RunStep<Status extends RunStatus> =
  | { readonly status: Status; readonly hook?: HookRun; readonly isEnd?: false }
  | { readonly isEnd: true };

/** Names a host's entry within its session or restore. */
export function hostKey(targetIndex: number, hostIndex: number): string {
  return `${targetIndex}/${hostIndex}`;
}

interface WithTargets<Target extends TargetEntry> {
  readonly targets?: readonly Target[];
}

export function runTargets<Target extends TargetEntry>(status: WithTargets<Target>): readonly Target[] {
  return status.targets ?? [];
}

export function runHosts<Host extends HostEntry>(target: { readonly stats?: readonly Host[] }): readonly Host[] {
  return target.stats ?? [];
}

export function withRunTarget<Target extends TargetEntry, Status>(
  status: Status & WithTargets<Target>,
  index: number,
  change: (target: Target) => Target,
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

/** Where a host's entry is. */
export interface HostPlace {
  readonly targetIndex: number;
  readonly target: TargetEntry;
  readonly hostIndex: number;
  readonly host: HostEntry;
}

/**
 * The status with each host's entry changed; the very same when no entry is. All are looked at in one go: there may be thousands.
 *
 * @param change of an entry; it is given back as it is where nothing changes
 */
export function withEachHost<Status extends RunStatus>(
  status: Status,
  change: (place: HostPlace) => HostEntry,
): Status {
  const before = runTargets(status);
  const targets = before.map((target, targetIndex) => {
    const hosts = runHosts(target);
    const stats = hosts.map((host, hostIndex) => change({ targetIndex, target, hostIndex, host }));
    return stats.some((host, hostIndex) => host !== hosts[hostIndex]) ? { ...target, stats } : target;
  });
  return targets.some((target, index) => target !== before[index]) ? { ...status, targets } : status;
}
