/** What the decisions about one BackupSession read: gathered from informers, plus what this process knows of itself. */
import type { BackupSession, BackupSessionStatus, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import type { BackupInvokerView, BackupMemberView } from "../../shared/invoker/object.ts";
import type { TargetEntry } from "../run/entries.ts";
import { createMemberFinder, type RunView, targetRef } from "../run/view.ts";

export type SessionStatus = BackupSessionStatus;
export type TargetStatus = BackupTargetStatus;

/** Another session of the same invoker. */
export interface SiblingSession {
  readonly name: string;
  readonly createdAtMs: number;
  readonly phase: string | undefined;
  readonly isStarted: boolean;
  readonly retryOf: string | undefined;
  /** It began, and is not known to have saved all that it was to save. */
  readonly isPart?: boolean;
  /** The repository that it looked for, and whether that was there; undefined where it did not come so far. */
  readonly looked?: { readonly repository: string; readonly isThere: boolean };
}

export interface InvokerFact {
  readonly view: BackupInvokerView;
  readonly phase: string | undefined;
  /** Whether its controller has seen its newest generation. */
  readonly isObserved: boolean;
  /** Why it is not ready, in the words of its conditions. */
  readonly message: string;
  /** targetKey() of members that can't be read, and why. */
  readonly refusals: ReadonlyMap<string, string>;
  /** Longest distance between two of its next runs; undefined without a schedule. */
  readonly periodMs?: number | undefined;
  /** Time of the newest recovery point that its status names. */
  readonly lastRecoveryPoint: string | undefined;
}

export interface CleanupOutcome {
  /** Undefined when every session that had to go is gone. */
  readonly error: string | undefined;
}

/** Whether a session may look for the repository now; see opening.ts. */
export type Opening = "free" | "waits";

export interface SessionView extends RunView<BackupSession, SessionStatus> {
  /** Undefined when it does not exist. Members that joined by label come after those of its spec. */
  readonly invoker: InvokerFact | undefined;
  /** Why it can't be read, though it exists; `invoker` is then what was last known of it. */
  readonly invokerProblem: string | undefined;
  readonly siblings: readonly SiblingSession[];
  /** targetKey() of targets that a restore names which has not ended, and that restore's name. */
  readonly restoringTargets: ReadonlyMap<string, string>;
  readonly cleanup: CleanupOutcome | undefined;
  /** Whether a host may look for the repository now, and make it where there is none; free where it is left out. */
  readonly opening?: Opening;
}

const findMember = createMemberFinder<BackupMemberView>();

/** Member of the invoker that a target's entry stands for; undefined when the invoker no longer has it. */
export function memberOf(view: SessionView, target: Pick<TargetEntry, "ref" | "alias">): BackupMemberView | undefined {
  return findMember(view.invoker?.view.members ?? [], targetRef(view, target), target.alias);
}
