/** What the rows of restores alone may answer. */
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";
import type { JobName } from "../jobs/of-target.ts";
import type { RunAction, Row as SharedRow, Step as SharedStep } from "../run/step.ts";
import type { RestoreStatus } from "./status.ts";
import type { RestoreView } from "./view.ts";

export type OwnAction =
  /** Makes the jobs of a member, or finds them made. @property inUse who mounts the claims that they fill, for people */
  | { readonly kind: "EnsureJobs"; readonly targetIndex: number; readonly inUse?: string | undefined }
  /** Makes the job that looks for recovery points, or finds it made. */
  | { readonly kind: "EnsurePointSearch" }
  /** Ends it, for what it told or tells is outdated. */
  | { readonly kind: "EndPointSearch"; readonly job: JobName }
  /** Sends the workload through admission, which adds the init-container. */
  | { readonly kind: "RequestInjection"; readonly ref: ResolvedTargetRef }
  /** Looks at all pods of the namespace: who else mounts what those with these uids restore. */
  | { readonly kind: "LookAtPods"; readonly uids: readonly string[] };

export type Action = RunAction<RestoreStatus> | OwnAction;
export type Step = SharedStep<RestoreStatus, Action>;
export type Row = SharedRow<RestoreView, RestoreStatus, Action>;
