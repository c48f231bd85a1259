/** Finds the Repository of a point, and what its members are called. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { Cluster } from "../cluster/interface.ts";
import { nearestNames } from "../cluster/nearest-names.ts";
import { type BackupInvokerObject, readInvokers } from "../objects/invokers.ts";
import { readObjects } from "../objects/read.ts";
import { memberName } from "../objects/session-facts.ts";
import { isPointOf, newestComplete, ofThisCluster } from "../points/decide.ts";
import { gatherPoints } from "../points/gather.ts";

export interface FoundPoint {
  readonly namespace: string;
  readonly session: string;
  /** When the session was due or made; undefined where no object tells. */
  readonly time?: string;
  /** NAMESPACE/NAME. */
  readonly repository: string;
  /** Key of the target, by the member's name. */
  readonly targets: ReadonlyMap<string, string>;
}

/**
 * @param word name of a session, or of a batch for its newest complete point
 * @param repository that of --repository, for points that no object tells of
 * @throws UserError RECOVERY_POINT_NOT_FOUND
 */
export async function findPoint(cluster: Cluster, word: string, repository: string | undefined): Promise<FoundPoint> {
  const { namespace } = cluster;
  const [{ points }, invokers, sessions] = await Promise.all([
    gatherPoints(cluster, namespace),
    readInvokers(cluster, namespace),
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
  ]);
  const batches = invokers.entries.map(({ object }) => object);
  const own = ofThisCluster(points.filter((point) => point.namespace === namespace));
  const batch = batches.find(({ metadata }) => metadata.name === word);
  const point =
    own.find(({ session }) => session === word) ??
    (batch && newestComplete(own.filter((one) => isPointOf(one, batch))));
  const invoker = batch ?? batches.find(({ metadata }) => isNamedAfter(point?.session ?? word, metadata.name));
  const place = repository ?? point?.repository ?? (invoker && repositoryOf(invoker));
  if (place === undefined || (batch !== undefined && point === undefined)) {
    const near = nearestNames(word, [...own.map(({ session }) => session), ...batches.map((one) => one.metadata.name)]);
    const next = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "see `points`; older ones need --repository";
    throw new UserError("RECOVERY_POINT_NOT_FOUND", `there is no recovery point ${word} in namespace ${namespace}`, {
      next,
    });
  }
  const session = point?.session ?? word;
  const kept = sessions.entries.find(({ object }) => object.metadata.name === session)?.object;
  const targets = new Map<string, string>();
  for (const target of kept?.status?.targets ?? []) {
    targets.set(memberName(target), targetKey(resolveTargetRef(target.ref, namespace)));
  }
  const members = invoker?.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [];
  for (const { target } of members) {
    const name = target?.alias ?? target?.ref?.name;
    if (name !== undefined && !targets.has(name))
      targets.set(name, targetKey(resolveTargetRef(target?.ref, namespace)));
  }
  const time = point?.time;
  return {
    namespace,
    session,
    ...(time && { time }),
    repository: place.includes("/") ? place : `${namespace}/${place}`,
    targets,
  };
}

function isNamedAfter(session: string, batch: string): boolean {
  return session.startsWith(`${batch}-`) && /^\d{10}$/.test(session.slice(batch.length + 1));
}

function repositoryOf({ metadata, spec }: BackupInvokerObject): string | undefined {
  const { repository } = spec;
  return repository?.name && `${repository.namespace || metadata.namespace}/${repository.name}`;
}
