/** What the decisions about one restore read: gathered from informers, plus what this process knows of itself. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { RestoreMemberStatus } from "../../shared/api/restore-batch.ts";
import type { RestoreInvokerView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { isJobMember } from "../jobs/host.ts";
import type { PointSearchJob } from "../jobs/point-search.ts";
import type { TargetEntry } from "../run/entries.ts";
import { createMemberFinder, type RunView, targetRef } from "../run/view.ts";
import type { StuckRollout } from "./old-pods.ts";
import type { SeenPods } from "./seen-pods.ts";
import type { RestoreObject, RestoreStatus } from "./status.ts";

/** What a workload's pod template says about this restore. */
export interface GateFact {
  /** The template has the init-container of this restore. */
  readonly isInjected: boolean;
  /** The cluster's words, where it refuses pods with the init-container. */
  readonly refusal?: string | undefined;
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

/** Who else mounts what is restored: what quiet-gate.ts reads besides the restore. */
export interface QuietFacts {
  /** Undefined before the first look. */
  readonly seen: SeenPods | undefined;
  readonly monotonicMs: number;
  /** uids of pods that another restore has given their turn. */
  readonly atWork: ReadonlySet<string>;
}

export interface RestoreView extends RunView<RestoreObject, RestoreStatus> {
  readonly invoker: RestoreInvokerView;
  /** Why the spec can't be read; `invoker` is then of no use. */
  readonly problem: string | undefined;
  readonly mayUseRepository: boolean;
  /** Sessions that backed up to the Repository and still exist. */
  readonly sessions: readonly BackupSession[];
  /** By targetKey(): who else works on the target. A dry run, which waits for nobody, tells them. */
  readonly holders: ReadonlyMap<string, string>;
  /** By targetKey(). */
  readonly gates: ReadonlyMap<string, GateFact>;
  /** By targetKey(): pods of StatefulSets that wait in the init-container of another restore. */
  readonly heldElsewhere: ReadonlyMap<string, readonly HeldPod[]>;
  /** Who else mounts what is restored. */
  readonly quiet: QuietFacts;
  /** The job that looks for recovery points. */
  readonly pointSearch: PointSearchJob;
}

export type MemberStatus = RestoreMemberStatus;

export { runHosts as hostsOf, runTargets as targetsOf } from "../run/facts.ts";

const findMember = createMemberFinder<RestoreMemberView>();

/** Member of the restore that an entry stands for. */
export function memberOf(view: RestoreView, target: Pick<TargetEntry, "ref" | "alias">): RestoreMemberView | undefined {
  return findMember(view.invoker.members, targetRef(view, target), target.alias);
}

/**
 * Whether jobs restore the member. Commands of its hooks run in a job's own pod, or behind its Service, before the restore
 * too; and a job is tried once.
 */
export function isJobTarget(view: RestoreView, target: Pick<TargetEntry, "ref" | "alias">): boolean {
  const member = memberOf(view, target);
  return member !== undefined && isJobMember(member);
}
