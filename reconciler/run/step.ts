/** What one row of a run's table may answer, and what the reconciler is then to do for every kind of run. */
import type { HookRun } from "../hooks/plan.ts";
import type { JobName } from "../jobs/of-target.ts";

export type RunAction<Status> =
  /** Writes the status, on the condition that the run is still the one that was read. Comes before all others. */
  | { readonly kind: "WriteStatus"; readonly status: Status }
  /** Starts a hook whose intent the status holds. */
  | { readonly kind: "RunHook"; readonly run: HookRun }
  /** Starts a hook whose recorded intent is this process's own, though it did not hear that the write succeeded. */
  | { readonly kind: "StartPrepared"; readonly key: string }
  | { readonly kind: "AbortHook"; readonly key: string }
  /** Ends a job that nobody waits for any more. */
  | { readonly kind: "EndJob"; readonly job: JobName }
  | {
      readonly kind: "EmitEvent";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** A row that matched: the status after it, and further actions. */
export interface Step<Status, Action> {
  readonly status?: Status;
  readonly actions?: readonly Action[];
  /** Nothing more can be said before the actions are done or something happens. */
  readonly isEnd?: boolean;
}

export interface Row<View, Status, Action> {
  readonly name: string;
  /** @returns undefined when the row does not match */
  next(view: View, status: Status, now: Date): Step<Status, Action> | undefined;
}

export interface Decision<Action> {
  readonly actions: readonly Action[];
  /** Names of the rows that matched, in order. */
  readonly trail: readonly string[];
  /** When to look again even if nothing happens; undefined when only an event can change anything. */
  readonly requeueAfterMs: number | undefined;
}
