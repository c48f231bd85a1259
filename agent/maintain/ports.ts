/** What actions on a repository work with. */
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import type { Restic } from "../restic/client.ts";
import type { ResticExit } from "../restic/run.ts";
import type { RetentionScope } from "./decide-retention.ts";
import type { Listing } from "./told-points.ts";

export interface ActionPorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly policy: RetentionPolicy | undefined;
  /** Whose snapshots a policy may touch. @throws UserError NOT_FOUND when the invoker is gone */
  scope(): RetentionScope;
  readonly readDataSubset: string | undefined;
  /** Ids in full, for DeleteSnapshots. */
  readonly deleted?: readonly string[];
  /** Is told what the invoker has in the repository, where an action lists the snapshots anyway. */
  onListed?(listing: Listing): void;
  /** How many verdicts the repository holds, where it was listed just now. */
  verdicts?(): number | undefined;
  /** Runs a command that needs a lock, again while the lock is held by others. */
  withLock(run: () => Promise<ResticExit>): Promise<ResticExit>;
}
