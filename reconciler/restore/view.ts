/** What the decisions about one restore read: gathered from informers, plus what this process knows of itself. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { RestoreHostStats } from "../../shared/api/host-stats.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { RestoreMemberStatus } from "../../shared/api/restore-batch.ts";
import type { RestoreInvokerView, RestoreMemberView } from "../../shared/invoker.ts";
import { type ResolvedTargetRef, resolveTargetRef } from "../../shared/target.ts";
import type { HookRuns } from "../hooks/hook-plan.ts";
import { isJobMember } from "../jobs/job-host.ts";
import type { PointSearchJob } from "../jobs/point-search.ts";
import type { TargetJobs } from "../jobs/target-job.ts";
import type { FormerPod } from "../run/locks.ts";
import type { Limits, Pods, Workloads } from "../run/world.ts";
import type { StuckRollout } from "./old-pods.ts";
import type { QuietFacts } from "./quiet-gate.ts";
import type { RestoreObject, RestoreStatus } from "./restore-status.ts";

/** What a workload's pod template says about this restore. */
export interface GateFact {
  /** The template has the init-container of this restore. */
  readonly isInjected: boolean;
  /** How long ago the workload was last asked for it; undefined when it was not. */
  readonly askedMsAgo: number | undefined;
  /** Why the workload's controller does not replace its pods by itself. */
  readonly stuck?: StuckRollout | undefined;
}

export interface HeldPod {
  readonly pod: string;
  /** `Kind/name` of the restore that it waits for. */
  readonly waitsFor: string;
}

export interface RestoreView {
  readonly object: RestoreObject;
  readonly status: RestoreStatus;
  readonly invoker: RestoreInvokerView;
  /** Why the spec can't be read; `invoker` is then of no use. */
  readonly problem: string | undefined;
  readonly repository: Repository | undefined;
  readonly mayUseRepository: boolean;
  /** Sessions that backed up to the Repository and still exist. */
  readonly sessions: readonly BackupSession[];
  /** targetKey() of members that somebody else is working on, and who. */
  readonly busyTargets: ReadonlyMap<string, string>;
  readonly workloads: Workloads;
  /** By targetKey(). */
  readonly gates: ReadonlyMap<string, GateFact>;
  readonly pods: Pods;
  /** By targetKey(): pods of StatefulSets that wait in the init-container of another restore. */
  readonly heldElsewhere: ReadonlyMap<string, readonly HeldPod[]>;
  /** Who else mounts what is restored. */
  readonly quiet: QuietFacts;
  readonly jobs: TargetJobs;
  /** The job that looks for recovery points. */
  readonly pointSearch: PointSearchJob;
  readonly formerPods: readonly FormerPod[];
  /** Pods that locks of the repository may belong to, of any namespace. */
  readonly lockOwners: Pods;
  readonly silenceMs: ReadonlyMap<string, number>;
  readonly hookRuns: HookRuns;
  readonly leaderSinceMs: number;
  readonly limits: Limits;
}

export type MemberStatus = RestoreMemberStatus;

export function targetsOf(status: RestoreStatus): readonly MemberStatus[] {
  return status.targets ?? [];
}

export function hostsOf(target: MemberStatus): readonly RestoreHostStats[] {
  return target.stats ?? [];
}

export function targetRef(view: RestoreView, target: Pick<MemberStatus, "ref">): ResolvedTargetRef {
  return resolveTargetRef(target.ref, view.object.metadata.namespace);
}

/** Member of the restore that an entry stands for. */
export function memberOf(
  view: RestoreView,
  target: { readonly ref?: MemberStatus["ref"]; readonly alias?: string },
): RestoreMemberView | undefined {
  const ref = resolveTargetRef(target.ref, view.object.metadata.namespace);
  return findRestoreMember(view.invoker.members, ref, target.alias);
}

export function findRestoreMember(
  members: readonly RestoreMemberView[],
  ref: ResolvedTargetRef,
  alias: string | undefined,
): RestoreMemberView | undefined {
  return members.find(
    (member) =>
      member.ref.kind === ref.kind &&
      member.ref.name === ref.name &&
      member.ref.namespace === ref.namespace &&
      (member.alias ?? "") === (alias ?? ""),
  );
}

/**
 * Whether jobs restore the member. Commands of its hooks run in a job's own pod, or behind its Service, before the restore
 * too; and a job is tried once.
 */
export function isJobTarget(
  view: RestoreView,
  target: { readonly ref?: MemberStatus["ref"]; readonly alias?: string },
): boolean {
  const member = memberOf(view, target);
  return member !== undefined && isJobMember(member);
}

export function createdAtMs(view: RestoreView): number {
  return view.invoker.createdAtMs;
}
