import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { RunOwner } from "../run/host-runs.ts";

/** A session as the owner of its host runs. */
export function runOwnerOf({ apiVersion, kind, metadata }: BackupSession): RunOwner {
  const { namespace, name, uid = "" } = metadata;
  return { apiVersion, kind, namespace, name, uid };
}
