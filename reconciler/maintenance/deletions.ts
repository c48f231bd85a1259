/**
 * Snapshots that users deleted by the Snapshot API: orders in our own namespace, each for one Repository. Those whose Repository is gone, or
 * that could not be carried out for a week, are dropped.
 */
import type { Repository } from "../../shared/api/repository.ts";
import { createInformer, type Informer, type InformerProblem } from "../../shared/kube/cache/informer.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { CONFIG_MAPS } from "../../shared/kube/resources.ts";
import { type DeletionOrder, deletionSelector, readDeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import { inNamespace } from "../authority.ts";

export type Deletions = Informer<DeletionOrder, "repository">;

export interface DeletionsOptions {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  /** Of the installation. */
  readonly namespace: string;
  /** Only orders on Repositories of this namespace; all when undefined. */
  readonly ofNamespace: string | undefined;
  readonly onProblem: (problem: InformerProblem) => void;
  readonly onFail: (ageMs: number) => void;
}

/** Makes the informer; it reads nothing before it is started. */
export function createDeletions({ ofNamespace, ...options }: DeletionsOptions): Deletions {
  return createInformer<DeletionOrder, "repository">({
    ...options,
    resource: CONFIG_MAPS,
    labelSelector: deletionSelector(ofNamespace),
    transform: readDeletionOrder,
    indexes: { repository: ({ namespace, repository }) => [objectKey(namespace, repository)] },
  });
}

/** The Repository may be in use, or damaged, for long. */
const GIVE_UP_MS = 7 * 24 * 3_600_000;
/** As many are given to a pod at once; the others follow. */
const MAX_AT_ONCE = 500;

export interface SortedDeletions {
  /** To be carried out, oldest first. */
  readonly open: readonly DeletionOrder[];
  /** Nobody can, or will: why. */
  readonly dropped: readonly { readonly order: DeletionOrder; readonly why: string }[];
}

/** @param repository of that name now; undefined where there is none */
export function sortDeletions(
  orders: readonly DeletionOrder[],
  repository: Repository | undefined,
  now: Date,
): SortedDeletions {
  const judged = orders.map((order) => {
    const ageMs = now.getTime() - Date.parse(order.createdAt);
    const isOther = repository?.metadata.uid !== order.repositoryUid;
    return { order, why: isOther ? "its Repository is gone" : ageMs > GIVE_UP_MS ? "it failed for a week" : undefined };
  });
  const open = judged.flatMap(({ order, why }) => (why === undefined ? [order] : []));
  return {
    open: open.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt)).slice(0, MAX_AT_ONCE),
    dropped: judged.flatMap(({ order, why }) => (why === undefined ? [] : [{ order, why }])),
  };
}

/** Takes orders away that need nobody any more. They lie in our own namespace, wherever the Repository is. */
export async function removeDeletions(
  client: Parameters<typeof inNamespace>[0],
  ownNamespace: string,
  orders: readonly DeletionOrder[],
  signal: AbortSignal,
): Promise<void> {
  const own = inNamespace(client, ownNamespace);
  for (const { name, uid } of orders) {
    await own.delete(CONFIG_MAPS, name, { ...(uid !== undefined && { uid }), signal });
  }
}
