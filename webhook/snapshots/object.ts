/** Snapshots as objects of the API, from what a Repository's status lists. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { ListedSnapshot } from "../../shared/api/listed-snapshot.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { Annotation } from "../../shared/contract.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import type { Snapshot } from "./resource.ts";

const ID_LENGTH = 8;

/** Upstream's name: the Repository's, shortened, and the beginning of the id. */
export function snapshotName(repository: string, id: string): string {
  return nameWithSuffix(repository, id.slice(0, ID_LENGTH));
}

/** Times of objects have whole seconds. */
function secondsOf(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/**
 * @param deletedAt when somebody deleted it, which is being done
 */
export function buildSnapshot(
  { metadata, status }: Pick<Repository, "metadata" | "status">,
  listed: ListedSnapshot,
  deletedAt: string | undefined,
): Snapshot {
  const { id, time, hostname, username = "", uid = 0, gid = 0, tree = "", paths = [], tags } = listed;
  const { apiVersion, kind } = KINDS.Snapshot;
  const { namespace, name } = metadata;
  const { snapshotsListedAt } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: {
      name: snapshotName(name, id),
      namespace,
      uid: id,
      creationTimestamp: secondsOf(time),
      ...(deletedAt !== undefined && { deletionTimestamp: secondsOf(deletedAt) }),
      labels: { repository: name, hostname, ...metadata.labels },
      ...(snapshotsListedAt !== undefined && { annotations: { [Annotation.ListedAt]: snapshotsListedAt } }),
    },
    status: {
      tree,
      paths,
      hostname,
      username,
      uid,
      gid,
      ...(tags !== undefined && tags.length > 0 && { tags }),
      repository: name,
    },
  };
}

/** What field selectors look at. */
export function fieldsOf({ metadata, status }: Snapshot): Readonly<Record<string, string>> {
  return {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "status.hostname": status.hostname,
    "status.repository": status.repository,
  };
}

/** Oldest first, as restic lists them. */
export function oldestFirst(snapshots: readonly ListedSnapshot[]): readonly ListedSnapshot[] {
  return snapshots.toSorted((a, b) => keyOf(a) - keyOf(b) || (a.id < b.id ? -1 : 1));
}

function keyOf({ time }: ListedSnapshot): number {
  return Date.parse(time);
}

/** A maintenance lists them each day; what is older than that and some hours is worth a word. */
const STALE_MS = 30 * 3_600_000;

/** What whoever reads the list of a Repository must know of it. */
export function findWarning({ metadata, status = {} }: Pick<Repository, "metadata" | "status">, now: Date) {
  const what = `Repository ${metadata.namespace}/${metadata.name}`;
  const { snapshots, snapshotsListedAt, snapshotCount, firstBackupTime } = status;
  if (snapshots === undefined || snapshotsListedAt === undefined) {
    return firstBackupTime === undefined
      ? undefined
      : `${what}: its snapshots are not known yet; the next backup or maintenance lists them`;
  }
  if (now.getTime() - Date.parse(snapshotsListedAt) > STALE_MS) {
    return `${what}: its snapshots as they were at ${snapshotsListedAt}`;
  }
  if (snapshotCount !== undefined && snapshotCount > snapshots.length) {
    return `${what}: the newest ${snapshots.length} of ${snapshotCount} snapshots`;
  }
  return undefined;
}
