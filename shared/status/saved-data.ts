/**
 * Whether what a session was to save is in the repository: what makes its recovery point complete, as far as its status tells. Hooks do
 * not count, whatever phase they gave it: a thaw that failed takes no data away. Retention, restores, the CLI and the statuses of
 * Repositories and invokers ask here, so that none of them gives up a point for one that another does not take. What snapshots
 * themselves tell is in shared/snapshots/point-parts.ts; a point is complete when neither says otherwise. Pure.
 */
import { ConditionType } from "../reasons.ts";
import { isFinalSessionPhase } from "./backup-phase.ts";
import { type ConditionFact, isConditionFalse } from "./conditions.ts";

interface SavedHost {
  readonly phase?: string;
  readonly snapshots?: readonly unknown[];
}

interface SavedTarget {
  readonly phase?: string;
  readonly totalHosts?: number;
  readonly stats?: readonly SavedHost[];
  /** Counts of what has no room in the status. */
  readonly unlisted?: { readonly succeeded?: number };
}

/** Whether a host's entry lists all its snapshots. Of very many only the first are listed, and their count beside them. */
export function listsAllSnapshots(host: {
  readonly snapshots?: readonly unknown[];
  readonly snapshotCount?: number;
}): boolean {
  return (host.snapshots ?? []).length >= (host.snapshotCount ?? 0);
}

/** Whether all hosts of a target have their data in the repository. */
export function isTargetSaved({ phase, totalHosts = 0, stats = [], unlisted }: SavedTarget): boolean {
  if (phase === "Succeeded") return true;
  const known = stats.length + (unlisted?.succeeded ?? 0);
  const isGood = ({ phase: of, snapshots = [] }: SavedHost) => of === "Succeeded" && snapshots.length > 0;
  return totalHosts > 0 && known >= totalHosts && stats.every(isGood);
}

interface SavedSession {
  readonly phase?: string;
  readonly targets?: readonly SavedTarget[];
}

/** Whether all its targets have. */
export function isSessionSaved({ phase, targets = [] }: SavedSession): boolean {
  return phase === "Succeeded" || (targets.length > 0 && targets.every(isTargetSaved));
}

interface EndedSession extends SavedSession {
  readonly conditions?: readonly ConditionFact[];
}

/** Whether a session left a point that statuses may call good: complete, and in a repository in which nobody found damage. */
export function isGoodPoint(session: EndedSession): boolean {
  const isDamaged = isConditionFalse(session.conditions, ConditionType.RepositoryIntegrityVerified);
  return isFinalSessionPhase(session.phase) && isSessionSaved(session) && !isDamaged;
}
