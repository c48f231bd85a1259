/** What the decision about the maintenance of one Repository reads. */
import type { Repository } from "../../shared/api/repository.ts";
import type { DeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import type { JobOutcome } from "../jobs/decide.ts";
import type { JobName, JobProblem } from "../jobs/of-target.ts";
import type { LocksView } from "../run/locks.ts";
import type { Limits } from "../run/world.ts";
import type { SeenHostRun } from "../world/without-points.ts";

export interface MaintenanceView {
  readonly repository: Repository;
  /** Whether the retentionPolicy of an invoker that may use the Repository asks for prune. */
  readonly isPruneWanted: boolean;
  /** A session or restore that uses the repository, for people; undefined while nobody does. */
  readonly user: string | undefined;
  /** When the last one ended, by its status; undefined when there is none. It may lie in the future. */
  readonly restSinceMs: number | undefined;
  /** Jobs of the Repository, newest first. */
  readonly jobs: readonly MaintenanceJob[];
  readonly hostRuns: readonly SeenHostRun[];
  /** Snapshots that somebody deleted. */
  readonly deletions: readonly DeletionOrder[];
  /** Whose locks are in the way, where its pod found some. */
  readonly locks: LocksView;
  /** Why the job can't be made, or has no pod. */
  readonly problem: JobProblem | undefined;
  /** By name of a job: for how long nobody tried to make it, by this process's own clock. */
  readonly sinceTryMs: ReadonlyMap<string, number>;
  readonly limits: MaintenanceLimits;
}

export type MaintenanceLimits = Pick<Limits, "maintenanceMs" | "maintenanceDelayMs" | "podWaitMs">;

export interface MaintenanceJob extends JobName {
  readonly outcome: JobOutcome;
  /** For how long, by this process's own clock, it is known to be complete: what it told may come a moment later. */
  readonly completeForMs: number;
  /** Undefined while it has none. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
}
