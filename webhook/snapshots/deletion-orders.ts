/**
 * Snapshots that users deleted by the Snapshot API, until the reconciler has removed them. Each is an order in a ConfigMap of our own
 * namespace, where no tenant writes: the webhook lends nobody a right on Repositories, and needs none.
 */
import type { Repository } from "../../shared/api/repository.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { CONFIG_MAPS } from "../../shared/kube/resources.ts";
import {
  buildDeletionOrder,
  type DeletionOrder,
  deletionSelector,
  readDeletionOrder,
} from "../../shared/snapshots/deletion-order.ts";

/**
 * As many orders on Repositories of one namespace may wait: what two Repositories list, and two of what a maintenance takes at once. Calls at
 * the same moment, of which few are let in, may leave some more.
 */
export const MOST_ORDERS = 1_000;

export interface OpenDeletions {
  /** How many there are. */
  readonly count: number;
  /** When the snapshot was deleted; undefined when it was not. */
  get(repositoryUid: string | undefined, id: string): string | undefined;
}

export interface DeletionOrders {
  /** Orders on Repositories of a namespace; of all when undefined. */
  find(namespace: string | undefined, signal: AbortSignal): Promise<OpenDeletions>;
  /** Leaves the order; one that is there already is as good. */
  create(repository: Repository, id: string, username: string, signal: AbortSignal): Promise<void>;
}

/** @param ownNamespace of the installation */
export function createDeletionOrders(
  client: Pick<KubeClient, "list" | "create">,
  ownNamespace: string,
): DeletionOrders {
  return {
    async find(namespace, signal) {
      const read = (raw: unknown): DeletionOrder | undefined => readDeletionOrder(raw);
      const { items } = await client.list(CONFIG_MAPS, ownNamespace, read, {
        labelSelector: deletionSelector(namespace),
        signal,
      });
      const byKey = new Map(
        items.flatMap((order) =>
          order ? [[`${order.repositoryUid}/${order.snapshot}`, order.createdAt] as const] : [],
        ),
      );
      return { count: byKey.size, get: (uid, id) => byKey.get(`${uid}/${id}`) };
    },
    async create(repository, id, username, signal) {
      const order = buildDeletionOrder(ownNamespace, repository.metadata, id, username);
      try {
        await client.create(CONFIG_MAPS, ownNamespace, order, asIs, { signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    },
  };
}
