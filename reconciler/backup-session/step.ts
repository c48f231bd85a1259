/** What the rows of sessions alone may answer. */
import type { RunAction, Row as SharedRow, Step as SharedStep } from "../run/step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

export type OwnAction =
  | { readonly kind: "AddLabels"; readonly labels: Readonly<Record<string, string>> }
  /** Makes the job of a target, or finds it made. */
  | { readonly kind: "EnsureJob"; readonly targetIndex: number }
  | { readonly kind: "CreateRetry"; readonly dueAtMs: number; readonly retryLeft: number }
  | { readonly kind: "DeleteSessions"; readonly names: readonly string[] }
  /** Tells the invoker of its newest recovery point. */
  | {
      readonly kind: "RecordRecoveryPoint";
      readonly session: string;
      readonly time: string;
      readonly endedAt?: string;
      readonly unreadableFiles?: number;
    };

export type Action = RunAction<SessionStatus> | OwnAction;
export type Step = SharedStep<SessionStatus, Action>;
export type Row = SharedRow<SessionView, SessionStatus, Action>;
