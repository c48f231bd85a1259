/** The host runs that follow from the entries of a run. Pure. */
import type { HostRun, HostRunSpec } from "../../shared/api/host-run.ts";
import { isOver } from "./completion.ts";
import type { HostEntry, TargetEntry } from "./entries.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import { heartbeatSeconds } from "./heartbeats.ts";
import {
  cancelOf,
  type HostRunKey,
  type HostRunOrder,
  type HostRuns,
  hostOrder,
  hostRunName,
  keyOfEntry,
  repositoryOrder,
} from "./host-runs.ts";
import { type RunObject, type RunView, runOwnerOf, targetRef } from "./view.ts";

/** A host whose pod has its turn, or had it. */
export interface OrderedHost<Target extends TargetEntry = TargetEntry, Host extends HostEntry = HostEntry> {
  readonly target: Target;
  readonly host: Host;
  readonly key: HostRunKey;
  /** Its host run, where there is one already. */
  readonly present: HostRun | undefined;
}

/**
 * One order for each entry that has a pod and for which there is something to do.
 *
 * @param status as it was decided and written
 * @param known host runs of the run
 * @param partOf what only this kind of run orders of the host; undefined when there is nothing to order
 */
export function hostOrders<Status extends RunStatus>(
  view: RunView<RunObject, Status>,
  status: Status,
  known: HostRuns,
  partOf: (at: OrderedHost) => (Partial<HostRunSpec> & Pick<HostRunSpec, "work">) | undefined,
): readonly HostRunOrder[] {
  const owner = runOwnerOf(view.object);
  const { creationTimestamp } = view.object.metadata;
  return runTargets(status).flatMap((target, targetIndex) =>
    runHosts(target).flatMap((host): HostRunOrder[] => {
      const key = keyOfEntry(targetIndex, host);
      if (key === undefined) return [];
      const name = hostRunName(owner, key);
      const present = known.get(name);
      const part = partOf({ target, host, key, present });
      if (part === undefined) return [];
      const node = view.pods.get(key.podUid)?.nodeName;
      const spec = {
        ...hostOrder(owner, { key, ref: targetRef(view, target), alias: target.alias }, host),
        // As it is, not what a status says of it.
        ...(node !== undefined && { node }),
        ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
        ...(status.sessionDeadline !== undefined && { deadline: status.sessionDeadline }),
        ...repositoryOrder(view.repository),
        heartbeatSeconds: heartbeatSeconds(status),
        ...cancelOf(host, present),
        ...(view.jobs.has(targetIndex) && isOver(status) && { isOver: true }),
        ...part,
      };
      return [{ name, spec }];
    }),
  );
}
