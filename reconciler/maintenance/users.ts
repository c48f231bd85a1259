/**
 * Who has to do with a Repository: invokers whose namespace its owner allows, and what is run for them. That a status names the Repository
 * is not enough, since it may be written by others than the reconciler: an order must name it too.
 */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { mayUseRepository } from "../../shared/repository/usage-policy.ts";
import { type BackupInvokerObject, invokerKeyOf, invokersOfRepository } from "../invoker/related.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/informers.ts";
import type { Restore } from "../world/targets.ts";

export type UsersWorld = Pick<
  World,
  "configurations" | "batches" | "sessions" | "restoreSessions" | "restoreBatches" | "hostRuns" | "namespaces"
>;

export interface RepositoryUsers {
  readonly invokers: readonly BackupInvokerObject[];
  readonly sessions: readonly BackupSession[];
  readonly restores: readonly Restore[];
}

export function gatherUsers(world: UsersWorld, repository: Repository): RepositoryUsers {
  const { namespace, name } = repository.metadata;
  const key = objectKey(namespace, name);
  const isAllowed = (run: Run): boolean => mayUse(world, repository, run.metadata.namespace);
  const isOrdered = (run: Run): boolean => ordersOn(world, repository, run).length > 0;
  const invokers = invokersOfRepository(world, namespace, name).filter(isAllowed);
  const own = new Set(invokers.flatMap((invoker) => world.sessions.byIndex("invoker", invokerKeyOf(invoker))));
  // The invoker may be gone, or save elsewhere from now on.
  const others = world.sessions.byIndex("repository", key).filter((session) => !own.has(session) && isOrdered(session));
  const restores = [
    ...world.restoreSessions.byIndex("repository", key),
    ...world.restoreBatches.byIndex("repository", key),
  ];
  return {
    invokers,
    sessions: [...own, ...others],
    restores: restores.filter((restore) => isAllowed(restore) || isOrdered(restore)),
  };
}

interface Run {
  readonly metadata: { readonly namespace: string; readonly uid?: string };
}

/** Host runs of a session or restore that are about the Repository. */
export function ordersOn(
  world: Pick<World, "hostRuns">,
  repository: Repository,
  { metadata }: Run,
): readonly HostRun[] {
  const { namespace, name } = repository.metadata;
  return [...hostRunsOf(world, metadata.namespace, metadata.uid ?? "").values()].filter(
    ({ spec }) => spec.repository?.name === name && spec.repository.namespace === namespace,
  );
}

function mayUse(world: Pick<World, "namespaces">, { metadata, spec }: Repository, namespace: string): boolean {
  return mayUseRepository({
    usagePolicy: spec.usagePolicy,
    repositoryNamespace: metadata.namespace,
    namespace,
    namespaceLabels: world.namespaces.get(undefined, namespace)?.labels ?? {},
  });
}
