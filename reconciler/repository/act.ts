/** Brings what pods told of recovery points, snapshots and locks into the status of a Repository: reads both anew, for informers keep neither. */
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { shortHash } from "../../shared/hash.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { timeMs } from "../../shared/timestamps.ts";
import type { SeenHostRun } from "../world/without-points.ts";
import { mergeStatus, type StatusWrite } from "../write/status-patch.ts";
import { withLocks } from "./locks.ts";
import { newestReports, reportedAtMs, withPoints } from "./points.ts";
import { withSnapshots } from "./snapshots.ts";

export interface TakeOrder {
  readonly repository: Repository;
  /** Host runs that told what is in it. */
  readonly seen: readonly SeenHostRun[];
  /** uid of this cluster's kube-system; undefined while it is not known. */
  readonly cluster: string | undefined;
  readonly now: Date;
}

/** Differs when there is something to take that was not there before. */
export function newsOf({ repository, seen, cluster }: TakeOrder): string {
  const told = newestReports(seen).map(
    ({ metadata, toldPoints }) => `${metadata.namespace}/${metadata.name} ${toldPoints}`,
  );
  const { uid, generation } = repository.metadata;
  return shortHash(JSON.stringify([uid, generation, cluster, told.sort()]));
}

/** @throws KubeError when the API server can't be reached, or lacks rights for it */
export async function takePoints(
  client: Pick<KubeClient, "find" | "patchStatus">,
  { repository, seen, cluster, now }: TakeOrder,
  signal: AbortSignal,
): Promise<StatusWrite<unknown>> {
  const { namespace, name } = repository.metadata;
  const found = await Promise.all(
    newestReports(seen).map(({ metadata }) =>
      client.find(KINDS.HostRun, metadata.namespace, metadata.name, parseHostRun, { signal }),
    ),
  );
  const live = await client.find(KINDS.Repository, namespace, name, parseRepository, { signal });
  if (live === undefined) return { kind: "gone" };
  const before = live.status ?? {};
  // What was listed of a repository that another has replaced is not in that one.
  const sinceMs = timeMs(before.replacedAt);
  const reports = found.flatMap((run) => (run !== undefined && reportedAtMs(run) >= sinceMs ? [run] : []));
  const view = { repository: live, reports, cluster };
  const after = {
    ...withPoints(before, view, now),
    ...withSnapshots(before, view, now),
    ...withLocks(before, view, now),
  };
  // Of two that write the list none may take back what the other told.
  const { resourceVersion } = live.metadata;
  const address = { resource: KINDS.Repository, namespace, name };
  return mergeStatus(client, address, { before, after, resourceVersion }, asIs, { signal });
}
