/** What the decision about the maintenance of one Repository reads. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { JobOutcome } from "../jobs/decide-outcome.ts";
import type { JobName, JobProblem } from "../jobs/target-job.ts";
import type { Limits } from "../run/world.ts";

export interface MaintenanceView {
  readonly repository: Repository;
  /** Whether an invoker's retentionPolicy asks for prune. */
  readonly isPruneWanted: boolean;
  /** A session or restore that uses the repository, for people; undefined while nobody does. */
  readonly user: string | undefined;
  /** When the last one ended, by its status; undefined when there is none. */
  readonly restSinceMs: number | undefined;
  /** Jobs of the Repository, newest first. */
  readonly jobs: readonly MaintenanceJob[];
  readonly hostRuns: readonly HostRun[];
  /** For how long, by this process's own clock, its job is known to be complete: what it told may come a moment later. */
  readonly completeForMs: number;
  /** Why the job can't be made. */
  readonly problem: JobProblem | undefined;
  readonly limits: Pick<Limits, "maintenanceMs" | "maintenanceDelayMs">;
}

export interface MaintenanceJob extends JobName {
  readonly createdAtMs: number;
  readonly outcome: JobOutcome;
  /** Undefined while it has none. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
}
