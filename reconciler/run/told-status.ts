/** What tools and tables read of a run's status: the conventional conditions, and the sums of printer columns. Pure. */
import type { Condition } from "../../shared/api/condition.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { formatSize } from "../../shared/size.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isReadinessTold, type RunReport, runReadiness, withReadiness } from "../../shared/status/readiness.ts";
import { listsAllSnapshots } from "../../shared/status/saved-data.ts";
import { isOver } from "./completion.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import type { RunObject } from "./view.ts";

/** The conventional conditions, whatever the shape of the rest is. */
export function withRunReadiness<Status extends RunReport & { readonly conditions?: readonly Condition[] }>(
  status: Status,
  generation: number | undefined,
  now: Date,
): Status & { readonly conditions: readonly Condition[] } {
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return {
    ...status,
    ...observed,
    conditions: withReadiness(status.conditions, runReadiness(status), generation, now),
  };
}

/**
 * The status as it is to be stored, with everything that tools read.
 *
 * @param status.whole as it was decided
 * @param status.stored the same, without what records keep
 */
export function toldStatus<Status extends RunStatus>(
  work: "backup" | "restore",
  run: RunObject,
  { whole, stored }: { readonly whole: Status; readonly stored: Status },
  now: Date,
): Status {
  const targets = runTargets(whole);
  const readiness = runReadiness({ ...whole, targets });
  const { generation } = run.metadata;
  return {
    ...stored,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withReadiness(stored.conditions, readiness, generation, now),
    ...(targets.length > 0 && { membersDone: `${targets.filter(isOver).length}/${targets.length}` }),
    ...(work === "backup" && savedOf(whole)),
  };
}

/** How much a session saved; whether that is a recovery point is known when it has ended. */
function savedOf(whole: RunStatus) {
  const hosts = runTargets(whole).flatMap((target) => runHosts(target));
  const snapshots = hosts.flatMap(snapshotsOf);
  // What is not listed has a size too.
  const isSizeKnown = snapshots.length > 0 && hosts.every(listsAllSnapshots);
  const sizeBytes = snapshots.reduce((sum, snapshot) => sum + (snapshot.sizeBytes ?? 0), 0);
  const left = snapshots.length > 0 ? "Partial" : "None";
  return {
    ...(isSizeKnown && { totalSize: formatSize(sizeBytes) }),
    ...(isFinalSessionPhase(whole.phase) && { point: whole.phase === "Succeeded" ? "Complete" : left }),
  };
}

function snapshotsOf(host: { readonly snapshots?: readonly object[] }): readonly SnapshotStats[] {
  return host.snapshots ?? [];
}

/** Whether the stored status says what tools read; one of an older version, or of an older spec, does not. */
export function isTold({ metadata, status }: RunObject): boolean {
  const { generation } = metadata;
  return (
    status?.phase === undefined ||
    (status.observedGeneration === generation && isReadinessTold(status.conditions, runReadiness(status), generation))
  );
}
