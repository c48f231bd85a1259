/** What can be decided for the maintenance of a Repository. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { MaintenanceRun, RepositoryStatus } from "../../shared/api/repository.ts";
import type { DeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import type { MaintenanceJob } from "./view.ts";

/** Whom a repository in a folder belongs to, as a pod of a maintenance told that is another user. */
export type RepositoryOwner = NonNullable<NonNullable<HostRun["status"]>["owner"]>;

/** The status counts only on the version that it was decided on. */
export type MaintenanceDecision =
  | { readonly kind: "wait"; readonly why: string; readonly requeueAfterMs: number | undefined }
  | { readonly kind: "claim"; readonly status: RepositoryStatus; readonly run: MaintenanceRun }
  | { readonly kind: "make-job"; readonly run: MaintenanceRun; readonly owner: RepositoryOwner | undefined }
  /** Which pod has the work, or what it waits for. */
  | { readonly kind: "tell"; readonly status: RepositoryStatus; readonly run: MaintenanceRun }
  | { readonly kind: "order"; readonly run: MaintenanceRun; readonly pod: NonNullable<MaintenanceJob["pod"]> }
  /** Which locks its pod may remove. */
  | { readonly kind: "answer-locks"; readonly hostRun: HostRun; readonly removableLocks: readonly string[] }
  | {
      readonly kind: "end";
      readonly status: RepositoryStatus;
      readonly run: MaintenanceRun;
      /** Value of the annotation whose check has an outcome. */
      readonly servedRequest: string | undefined;
      /** Orders whose snapshots are gone. */
      readonly servedDeletions: readonly DeletionOrder[];
    }
  | { readonly kind: "clean-up" };

/** Windows open and work becomes due without an event. */
export const LOOK_AGAIN_MS = 60_000;

export function wait(why: string, requeueAfterMs: number | undefined): MaintenanceDecision {
  return { kind: "wait", why, requeueAfterMs };
}
