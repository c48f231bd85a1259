/** Makes the RestoreBatch that brings a batch back to a point, as an object: nothing is changed. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import type { Cluster } from "../cluster/interface.ts";
import { allInOrder } from "../objects/all-in-order.ts";
import { findInvoker } from "../objects/invokers.ts";
import { readObjects } from "../objects/read.ts";
import { readLabelledMembers } from "../objects/workloads.ts";
import { isPointOf, ofThisCluster, type Point } from "../points/decide.ts";
import { gatherPoints } from "../points/gather.ts";
import { UsageError } from "../program/usage-error.ts";
import { buildRestore, membersOfInvoker, type NamedMember, restoreName } from "./build-object.ts";
import { chooseMembers, choosePoint, type PointChoice, type PointWish } from "./choose-point.ts";
import { rememberedMembers } from "./gather.ts";

export interface PreparedRestore {
  /** Name of the batch, or of the BackupConfiguration. */
  readonly batch: string;
  readonly restore: RestoreBatch;
  readonly members: readonly NamedMember[];
  readonly point: Point | undefined;
  readonly nearest?: PointChoice["nearest"];
}

export interface RestoreWish {
  /** `NAME` or `KIND/NAME` of the batch. */
  readonly word: string;
  readonly point: PointWish;
  /** Aliases; all members where there are none. */
  readonly members: readonly string[];
  /** Of the RestoreBatch; one is made where it is undefined. */
  readonly name: string | undefined;
  readonly nowMs: number;
  /** Is told what could not be seen. */
  readonly note: (text: string) => void;
}

/**
 * Prepares.
 *
 * @throws UserError NOT_FOUND, RECOVERY_POINT_INCOMPLETE or INVALID_OBJECT
 * @throws UsageError for a batch or a member that there is not
 */
export async function prepareRestore(cluster: Cluster, wish: RestoreWish): Promise<PreparedRestore> {
  const { nowMs } = wish;
  const { object: invoker } = await findInvoker(cluster, wish.word);
  const { namespace, name } = invoker.metadata;
  const [{ points }, sessions] = await allInOrder([
    gatherPoints(cluster, namespace),
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
  ]);
  const own = membersOfInvoker(invoker);
  const labelled = invoker.kind === "BackupBatch" ? await findLabelled(wish, cluster, namespace, name) : [];
  const remembered = rememberedMembers(
    sessions.entries.map(({ object }) => object),
    name,
  );
  const all = [...own, ...labelled, ...remembered];
  // Each once: the batch's own words first, then those of the workload.
  const each = all.filter((member, at) => all.findIndex((known) => known.name === member.name) === at);
  const members = chooseMembers(each, wish.members);
  if (members.length === 0)
    throw new UsageError(
      `${name} has no members, and no session of it tells of any`,
      "name a session that exists, or back up first",
    );
  const choice = choosePoint(wish.point, {
    points: ofThisCluster(points.filter((point) => isPointOf(point, invoker))),
    namespace,
    members: members.map((member) => member.name),
    nowMs,
  });
  const restore = buildRestore({ invoker, members, choice, name: wish.name ?? restoreName(name, nowMs) });
  return { batch: name, restore, members, ...choice };
}

/** Whoever may not look at workloads can still restore what the batch and its sessions name. */
async function findLabelled(
  { note }: RestoreWish,
  cluster: Cluster,
  namespace: string,
  batch: string,
): Promise<readonly NamedMember[]> {
  try {
    return await readLabelledMembers(cluster, namespace, batch);
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.code !== "API_FORBIDDEN") throw thrown;
    note(`workloads that joined ${batch} by their label since its last session are not seen: ${thrown.message}`);
    return [];
  }
}
