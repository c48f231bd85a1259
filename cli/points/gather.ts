/** Reads everything that knows of recovery points. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { type BackupInvokerObject, readInvokers } from "../objects/invokers.ts";
import { readObjects } from "../objects/read.ts";
import { listPoints, type Point } from "./decide.ts";

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
  const objects = invokers.entries.map(({ object }) => object);
  const elsewhere = namespace === undefined ? [] : await readElsewhere(cluster, namespace, objects);
  const points = listPoints({
    sessions: sessions.entries.map(({ object }) => object),
    repositories: [...repositories.entries, ...elsewhere],
    invokers: objects,
  });
  const away = new Set(elsewhere.map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`));
  // Such a Repository may be many namespaces'.
  const isAsked = (point: Point) => point.namespace === namespace || !away.has(point.repository ?? "");
  return {
    points: points.filter(isAsked),
    failures: [...sessions.failures, ...repositories.failures, ...invokers.failures],
  };
}

/** Repositories of another namespace that batches of this one save into. Whoever may not read them sees what the others tell. */
async function readElsewhere(cluster: Cluster, namespace: string, invokers: readonly BackupInvokerObject[]) {
  const names = invokers.flatMap(({ spec: { repository } }) =>
    repository?.name && repository.namespace && repository.namespace !== namespace
      ? [`${repository.namespace}/${repository.name}`]
      : [],
  );
  const found = await Promise.all(
    [...new Set(names)].map(async (key) => {
      const [at = "", name = ""] = key.split("/");
      try {
        const raw = await cluster.find(KINDS.Repository, at, name);
        return raw === undefined ? [] : [{ raw, object: parseRepository(raw) }];
      } catch (error) {
        if (["API_FORBIDDEN", "INVALID_OBJECT"].includes(toUserError(error).code)) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
