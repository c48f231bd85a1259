/** Reads everything that knows of recovery points. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { readInvokers } from "../objects/invokers.ts";
import { readObjects } from "../objects/read-objects.ts";
import { listPoints, type Point } from "./recovery-points.ts";

export interface GatheredPoints {
  readonly points: readonly Point[];
  readonly failures: readonly string[];
}

export async function gatherPoints(cluster: Cluster, namespace = cluster.scope): Promise<GatheredPoints> {
  const [sessions, repositories, invokers] = await Promise.all([
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
    readObjects(cluster, KINDS.Repository, parseRepository, { namespace }),
    readInvokers(cluster, namespace),
  ]);
  return {
    points: listPoints({
      sessions: sessions.entries.map(({ object }) => object),
      repositories: repositories.entries,
      invokers: invokers.entries.map(({ object }) => object),
    }),
    failures: [...sessions.failures, ...repositories.failures, ...invokers.failures],
  };
}
