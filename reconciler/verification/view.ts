/** What the decision about one drill reads. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import type { JobOutcome } from "../jobs/decide.ts";
import type { JobName, JobProblem } from "../jobs/of-target.ts";

export interface DrillJob extends JobName {
  readonly outcome: JobOutcome;
  /** For how long, by this process's own clock, it is known to be complete: what it told may come a moment later. */
  readonly completeForMs: number;
  /** Undefined while it has none. */
  readonly pod: { readonly name: string; readonly uid: string; readonly ip?: string | undefined } | undefined;
}

export interface DrillView {
  readonly drill: BackupVerificationSession;
  readonly verifier: BackupVerifier | undefined;
  readonly invoker: BackupInvokerView | undefined;
  /** The invoker's, where its usagePolicy lets this namespace use it. */
  readonly repository: Repository | undefined;
  /** Of the invoker. */
  readonly sessions: readonly BackupSession[];
  /** Another drill of the same invoker that was there before and has not ended. */
  readonly earlier: string | undefined;
  /** A restore of one of the invoker's targets that has not ended, for people. */
  readonly restore: string | undefined;
  /** The batch of this drill; one of its name that is another's counts as none. */
  readonly batch: RestoreBatch | undefined;
  readonly verifyJob: DrillJob | undefined;
  readonly scriptJob: DrillJob | undefined;
  /** Of the servers of databases, by name. */
  readonly serverJobs: ReadonlyMap<string, DrillJob>;
  readonly hostRuns: readonly HostRun[];
  /** Why something could not be made at the last try. */
  readonly problem: JobProblem | undefined;
  /** For how long nobody tried to make what is missing, by this process's own clock; undefined when nobody did. */
  readonly sinceTryMs: number | undefined;
  readonly podWaitMs: number;
}
