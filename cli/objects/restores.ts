/** Both kinds of restores: one list for people. */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession, type RestoreSession } from "../../shared/api/restore-session.ts";
import type { Cluster } from "../cluster/interface.ts";
import { type ReadObjects, readObjects } from "./read.ts";

export type RestoreObject = RestoreBatch | RestoreSession;

export async function readRestores(cluster: Cluster, namespace = cluster.scope): Promise<ReadObjects<RestoreObject>> {
  const [batches, sessions] = await Promise.all([
    readObjects<RestoreObject>(cluster, KINDS.RestoreBatch, parseRestoreBatch, { namespace }),
    readObjects<RestoreObject>(cluster, KINDS.RestoreSession, parseRestoreSession, { namespace }),
  ]);
  return {
    entries: [...batches.entries, ...sessions.entries],
    failures: [...batches.failures, ...sessions.failures],
  };
}

/** Members with their phases; a RestoreSession is one. */
export function restoreMembers(restore: RestoreObject): readonly { readonly phase?: string }[] {
  if (restore.kind === "RestoreBatch") return restore.status?.members ?? [];
  const phase = restore.status?.phase;
  return phase === undefined ? [] : [{ phase }];
}
