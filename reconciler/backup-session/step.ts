/** What one row of the session table may answer, and what the reconciler is then to do. */
import type { HookRun } from "../hooks/hook-plan.ts";
import type { JobName } from "../jobs/target-job.ts";
import type { SessionStatus, SessionView } from "./view.ts";

export type Action =
  /** Writes the status, on the condition that the session is still the one that was read. Comes before all others. */
  | { readonly kind: "WriteStatus"; readonly status: SessionStatus }
  | { readonly kind: "AddLabels"; readonly labels: Readonly<Record<string, string>> }
  /** Starts a hook whose intent the status holds. */
  | { readonly kind: "RunHook"; readonly run: HookRun }
  /** Starts a hook whose recorded intent is this process's own, though it did not hear that the write succeeded. */
  | { readonly kind: "StartPrepared"; readonly key: string }
  /** Ends a job that nobody waits for any more. */
  | { readonly kind: "EndJob"; readonly job: JobName }
  | { readonly kind: "AbortHook"; readonly key: string }
  /** Makes the job of a target, or finds it made. */
  | { readonly kind: "EnsureJob"; readonly targetIndex: number }
  | { readonly kind: "CreateRetry"; readonly dueAtMs: number; readonly retryLeft: number }
  | { readonly kind: "DeleteSessions"; readonly names: readonly string[] }
  /** Tells the invoker of its newest recovery point. */
  | {
      readonly kind: "RecordRecoveryPoint";
      readonly session: string;
      readonly time: string;
      readonly endedAt: string;
      readonly unreadableFiles?: number;
    }
  /** The check that the Repository's annotation asked for was done. */
  | { readonly kind: "ClearCheckRequest"; readonly namespace: string; readonly name: string; readonly value: string }
  | {
      readonly kind: "EmitEvent";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** A row that matched: the status after it, and further actions. */
export interface Step {
  readonly status?: SessionStatus;
  readonly actions?: readonly Action[];
  /** Nothing more can be said before the actions are done or something happens. */
  readonly isEnd?: boolean;
}

export interface Row {
  readonly name: string;
  /** @returns undefined when the row does not match */
  next(view: SessionView, status: SessionStatus, now: Date): Step | undefined;
}

export interface Decision {
  readonly actions: readonly Action[];
  /** Names of the rows that matched, in order. */
  readonly trail: readonly string[];
  /** When to look again even if nothing happens; undefined when only an event can change anything. */
  readonly requeueAfterMs: number | undefined;
}
