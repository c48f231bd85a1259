/** Which recovery points and snapshots the repository has, for the Repository's status. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostRun, HostRunStatus } from "../../shared/api/host-run.ts";
import type { ListedPoint } from "../../shared/api/recovery-point.ts";
import { messageOf } from "../../shared/errors.ts";
import { listSnapshots } from "../../shared/snapshots/listed.ts";
import { boundPoints, listPoints, newestPoints } from "../../shared/snapshots/listed-points.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { createIsOwn, type RetentionScope } from "./decide-retention.ts";

/** Of an object that may have 1.5 MB. */
const MAX_POINTS_LENGTH = 256 * 1024;
const MAX_SNAPSHOTS_LENGTH = 256 * 1024;

export interface Listing {
  readonly points: readonly ListedPoint[];
  readonly snapshots: readonly Snapshot[];
  /** How many verdicts there are in the whole repository. */
  readonly verdicts: number;
}

export function toTell({
  points,
  snapshots,
}: Omit<Listing, "verdicts">): Pick<HostRunStatus, "listedPoints" | "listedSnapshots"> {
  return {
    listedPoints: boundPoints(newestPoints(points), MAX_POINTS_LENGTH),
    listedSnapshots: listSnapshots(snapshots, MAX_SNAPSHOTS_LENGTH),
  };
}

/**
 * Before which action the snapshots are listed for this alone: a maintenance works on the whole repository and lists nothing else; in a
 * session retention has listed them, unless there is none or it failed. Of a repository that is about to lose some, what is left is told.
 */
export function isListedFor(action: HostAction, work: HostRun["spec"]["work"], isTold: boolean): boolean {
  if (action === "DeleteSnapshots") return false;
  return !isTold && (work === "Maintain" || action === "SendRepositoryMetrics");
}

/**
 * Lists them. That it fails is nothing to anybody else: what was listed before stays.
 *
 * @param scopeOf whose; all when undefined
 */
export async function gatherListing(
  restic: Restic,
  scopeOf: (() => RetentionScope) | undefined,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<Listing | undefined> {
  try {
    const scope = scopeOf?.();
    if (scope !== undefined && scope.invokerTag === undefined) return undefined;
    const keep = scope && createIsOwn(scope);
    let verdicts = 0;
    const onVerdicts = ({ length }: readonly unknown[]) => {
      verdicts = length;
    };
    const snapshots = await restic.snapshots({}, { signal, onVerdicts, ...(keep !== undefined && { keep }) });
    return { points: listPoints(snapshots), snapshots, verdicts };
  } catch (error) {
    log.warn({ error: messageOf(error) }, "recovery points not listed");
    return undefined;
  }
}
