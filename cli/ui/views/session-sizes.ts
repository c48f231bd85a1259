/** How much a session saved, where its status tells. Pure. */
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import { listsAllSnapshots } from "../../../shared/status/saved-data.ts";

export interface SessionSizes {
  /** Undefined where a snapshot does not tell. */
  readonly sizeBytes: number | undefined;
  /** What the repository grew by. */
  readonly addedBytes: number | undefined;
}

export function sizesOf({ status }: Pick<BackupSession, "status">): SessionSizes {
  const hosts = (status?.targets ?? []).flatMap(({ stats = [] }) => stats);
  const snapshots = hosts.flatMap((host) => host.snapshots ?? []);
  if (!hosts.every(listsAllSnapshots)) return { sizeBytes: undefined, addedBytes: undefined };
  return {
    sizeBytes: sum(snapshots.map(({ sizeBytes }) => sizeBytes)),
    addedBytes: sum(snapshots.map(({ uploadedBytes }) => uploadedBytes)),
  };
}

/** A part that is not known makes the whole unknown. */
function sum(parts: readonly (number | undefined)[]): number | undefined {
  let total = 0;
  for (const part of parts) {
    if (part === undefined) return undefined;
    total += part;
  }
  return parts.length === 0 ? undefined : total;
}
