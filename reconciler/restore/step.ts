/** What one row of the restore table may answer, and what the reconciler is then to do. */
import type { ResolvedTargetRef } from "../../shared/target.ts";
import type { HookRun } from "../hooks/hook-plan.ts";
import type { JobName } from "../jobs/target-job.ts";
import type { RestoreStatus } from "./restore-status.ts";
import type { RestoreView } from "./view.ts";

export type Action =
  /** Writes the status, on the condition that the restore is still the one that was read. Comes before all others. */
  | { readonly kind: "WriteStatus"; readonly status: RestoreStatus }
  | { readonly kind: "RunHook"; readonly run: HookRun }
  | { readonly kind: "StartPrepared"; readonly key: string }
  /** Ends a job that nobody waits for any more. */
  | { readonly kind: "EndJob"; readonly job: JobName }
  | { readonly kind: "AbortHook"; readonly key: string }
  /** Makes the jobs of a member, or finds them made. */
  | { readonly kind: "EnsureJobs"; readonly targetIndex: number }
  /** Makes the job that looks for recovery points, or finds it made. */
  | { readonly kind: "EnsurePointSearch" }
  /** Sends the workload through admission, which adds the init-container. */
  | { readonly kind: "RequestInjection"; readonly ref: ResolvedTargetRef }
  /** Looks at all pods of the namespace: who else mounts what those with these uids restore. */
  | { readonly kind: "LookAtPods"; readonly uids: readonly string[] }
  /** Lets a deleted restore that upstream left a finalizer on go. */
  | { readonly kind: "RemoveFinalizer" }
  | {
      readonly kind: "EmitEvent";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** A row that matched: the status after it, and further actions. */
export interface Step {
  readonly status?: RestoreStatus;
  readonly actions?: readonly Action[];
  /** Nothing more can be said before the actions are done or something happens. */
  readonly isEnd?: boolean;
}

export interface Row {
  readonly name: string;
  /** @returns undefined when the row does not match */
  next(view: RestoreView, status: RestoreStatus, now: Date): Step | undefined;
}

export interface Decision {
  readonly actions: readonly Action[];
  /** Names of the rows that matched, in order. */
  readonly trail: readonly string[];
  readonly requeueAfterMs: number | undefined;
}
