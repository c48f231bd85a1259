/**
 * The order to delete a snapshot: a ConfigMap in the installation's own namespace, written by the Snapshot API after it asked whether the
 * caller may delete that snapshot, and carried out by the reconciler. No tenant may write there.
 */
import { Label, LabelValue } from "../contract.ts";
import { shortHash } from "../hash.ts";
import { textAt } from "../json/value.ts";

export interface DeletionOrder {
  /** Name of the ConfigMap. */
  readonly name: string;
  readonly uid: string | undefined;
  readonly createdAt: string;
  /** The Repository, and which one of that name. */
  readonly namespace: string;
  readonly repository: string;
  readonly repositoryUid: string;
  /** Id of the snapshot in full. */
  readonly snapshot: string;
  /** Who deleted it. */
  readonly username: string;
}

/** @param namespace of the Repositories; all when undefined */
export function deletionSelector(namespace?: string): string {
  const own = `${Label.SnapshotDeletion}=${LabelValue.SnapshotDeletion}`;
  return namespace === undefined ? own : `${own},${Label.DeletionNamespace}=${namespace}`;
}

/** The same snapshot always has the same one. */
export function buildDeletionOrder(
  ownNamespace: string,
  { namespace, name, uid = "" }: { readonly namespace: string; readonly name: string; readonly uid?: string },
  snapshot: string,
  username: string,
) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: ownNamespace,
      name: `snapshot-deletion-${snapshot}-${shortHash(uid)}`,
      labels: { [Label.SnapshotDeletion]: LabelValue.SnapshotDeletion, [Label.DeletionNamespace]: namespace },
    },
    immutable: true,
    data: { namespace, repository: name, repositoryUid: uid, snapshot, username },
  };
}

const ID = /^[0-9a-f]{64}$/;

/** @returns undefined for a ConfigMap that is none */
export function readDeletionOrder(raw: unknown): DeletionOrder | undefined {
  const dataAt = (key: string) => textAt(raw, "data", key) ?? "";
  const [name, createdAt] = [textAt(raw, "metadata", "name"), textAt(raw, "metadata", "creationTimestamp")];
  const order = {
    name: name ?? "",
    uid: textAt(raw, "metadata", "uid"),
    createdAt: createdAt ?? "",
    namespace: dataAt("namespace"),
    repository: dataAt("repository"),
    repositoryUid: dataAt("repositoryUid"),
    snapshot: dataAt("snapshot"),
    username: dataAt("username"),
  };
  const isWhole = order.name !== "" && order.namespace !== "" && order.repository !== "" && order.repositoryUid !== "";
  return isWhole && ID.test(order.snapshot) && !Number.isNaN(Date.parse(order.createdAt)) ? order : undefined;
}
