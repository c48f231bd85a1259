/** Which recovery points the repository has, for the Repository's status. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { ListedPoint } from "../../shared/api/recovery-point.ts";
import { messageOf } from "../../shared/errors.ts";
import { boundPoints, listPoints, newestPoints } from "../../shared/listed-points.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import { createIsOwn, type RetentionScope } from "./decide-retention.ts";

/** Of an object that may have 1.5 MB. */
const MAX_POINTS_LENGTH = 256 * 1024;

export function pointsToTell(points: readonly ListedPoint[]): readonly ListedPoint[] {
  return boundPoints(newestPoints(points), MAX_POINTS_LENGTH);
}

/**
 * Before which action the snapshots are listed for this alone: a maintenance works on the whole repository and lists nothing else; in a
 * session retention has listed them, unless there is none or it failed.
 */
export function isListedFor(action: HostAction, work: HostRun["spec"]["work"], isTold: boolean): boolean {
  return !isTold && (work === "Maintain" || action === "SendRepositoryMetrics");
}

/**
 * Lists them. That it fails is nothing to anybody else: what was listed before stays.
 *
 * @param scopeOf whose points; all when undefined
 */
export async function gatherPoints(
  restic: Restic,
  scopeOf: (() => RetentionScope) | undefined,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<readonly ListedPoint[] | undefined> {
  try {
    const scope = scopeOf?.();
    if (scope !== undefined && scope.invokerTag === undefined) return undefined;
    const keep = scope && createIsOwn(scope);
    const snapshots = await restic.snapshots({}, { signal, ...(keep !== undefined && { keep }) });
    return listPoints(snapshots);
  } catch (error) {
    log.warn({ error: messageOf(error) }, "recovery points not listed");
    return undefined;
  }
}
