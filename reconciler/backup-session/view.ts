/** What the decisions about one BackupSession read: gathered from informers, plus what this process knows of itself. */
import type { BackupSession, BackupSessionStatus, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { BackupInvokerView, BackupMemberView } from "../../shared/invoker.ts";
import { type ResolvedTargetRef, resolveTargetRef } from "../../shared/target.ts";
import type { HookRuns } from "../hooks/hook-plan.ts";
import type { TargetJobs } from "../jobs/target-job.ts";
import type { FormerPod } from "../run/locks.ts";
import type { Limits, Pods, Workloads } from "../run/world.ts";

export type SessionStatus = BackupSessionStatus;
export type TargetStatus = BackupTargetStatus;

/** Another session of the same invoker. */
export interface SiblingSession {
  readonly name: string;
  readonly createdAtMs: number;
  readonly phase: string | undefined;
  readonly isStarted: boolean;
  readonly retryOf: string | undefined;
}

export interface InvokerFact {
  readonly view: BackupInvokerView;
  readonly phase: string | undefined;
  /** Whether its controller has seen its newest generation. */
  readonly isObserved: boolean;
  /** Why it is not ready, in the words of its conditions. */
  readonly message: string;
  /** targetKey() of members that can't be read, and why. */
  readonly refusals: ReadonlyMap<string, string>;
  /** Time of the newest recovery point that its status names. */
  readonly lastRecoveryPointMs: number | undefined;
}

export interface CleanupOutcome {
  /** Undefined when every session that had to go is gone. */
  readonly error: string | undefined;
}

export interface SessionView {
  readonly session: BackupSession;
  /** Undefined when it does not exist. Members that joined by label come after those of its spec. */
  readonly invoker: InvokerFact | undefined;
  /** Why it can't be read, though it exists; `invoker` is then what was last known of it. */
  readonly invokerProblem: string | undefined;
  readonly repository: Repository | undefined;
  readonly siblings: readonly SiblingSession[];
  /** targetKey() of targets that a session of another invoker is working on, and that session's name. */
  readonly busyTargets: ReadonlyMap<string, string>;
  /** targetKey() of targets that a restore names which has not ended, and that restore's name. */
  readonly restoringTargets: ReadonlyMap<string, string>;
  /** Jobs too, by jobKey(). */
  readonly workloads: Workloads;
  readonly pods: Pods;
  readonly jobs: TargetJobs;
  /** Pods that sessions and restores gave a host with this repository. */
  readonly formerPods: readonly FormerPod[];
  /** Pods that locks of the repository may belong to, of any namespace. */
  readonly lockOwners: Pods;
  /** By hostKey(): for how long, by this process's own clock, the host's entry has not changed. */
  readonly silenceMs: ReadonlyMap<string, number>;
  readonly hookRuns: HookRuns;
  readonly cleanup: CleanupOutcome | undefined;
  readonly leaderSinceMs: number;
  readonly limits: Limits;
}

/** Member of the invoker that a target's entry stands for; undefined when the invoker no longer has it. */
export function memberOf(view: SessionView, target: Pick<TargetStatus, "ref" | "alias">): BackupMemberView | undefined {
  return findSessionMember(view.invoker?.view.members ?? [], targetRef(view, target), target.alias);
}

export function findSessionMember(
  members: readonly BackupMemberView[],
  ref: ResolvedTargetRef,
  alias: string | undefined,
): BackupMemberView | undefined {
  return members.find(
    (member) =>
      member.ref.kind === ref.kind &&
      member.ref.name === ref.name &&
      member.ref.namespace === ref.namespace &&
      (member.alias ?? "") === (alias ?? ""),
  );
}

export function targetRef(view: SessionView, target: Pick<TargetStatus, "ref">): ResolvedTargetRef {
  return resolveTargetRef(target.ref, view.session.metadata.namespace);
}

export function hostsOf(target: TargetStatus): readonly HostStats[] {
  return target.stats ?? [];
}

export function targetsOf(status: SessionStatus): readonly TargetStatus[] {
  return status.targets ?? [];
}

export function createdAtMs(view: SessionView): number {
  return Date.parse(view.session.metadata.creationTimestamp ?? "") || 0;
}
