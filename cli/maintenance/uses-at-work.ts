/** What is at work on a repository, as far as a user may see. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { toUserError } from "../../shared/kube/kube-error.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { readObjects } from "../objects/read-objects.ts";
import { readRestores } from "../objects/restores.ts";

export interface UsesAtWork {
  /** `BackupSession shop/nightly-1795966270`. */
  readonly users: readonly string[];
  /** Namespaces that the user may not look at. */
  readonly unseen: readonly string[];
}

/** Looks at the namespaces of all invokers that use the Repository. */
export async function findUsesAtWork(cluster: Cluster, { metadata, status }: Repository): Promise<UsesAtWork> {
  const named = (status?.references ?? []).flatMap(({ namespace }) => namespace ?? []);
  const users: string[] = [];
  const unseen: string[] = [];
  const isIt = (repository: { readonly namespace?: string; readonly name?: string } | undefined, home: string) =>
    repository?.name === metadata.name && (repository.namespace || home) === metadata.namespace;
  for (const namespace of new Set([metadata.namespace, ...named])) {
    try {
      const [sessions, restores] = await Promise.all([
        readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
        readRestores(cluster, namespace),
      ]);
      for (const { object } of sessions.entries) {
        const isAtWork = object.status?.startTime !== undefined && !isFinalSessionPhase(object.status.phase);
        if (isAtWork && isIt(object.status?.repository, namespace)) {
          users.push(`BackupSession ${namespace}/${object.metadata.name}`);
        }
      }
      for (const { object } of restores.entries) {
        const isAtWork = object.status?.phase === "Running";
        if (isAtWork && isIt(object.status?.repository, namespace)) {
          users.push(`${object.kind} ${namespace}/${object.metadata.name}`);
        }
      }
    } catch (thrown) {
      const error = toUserError(thrown);
      if (error.code !== "API_FORBIDDEN") throw thrown;
      unseen.push(error.message);
    }
  }
  return { users, unseen };
}
