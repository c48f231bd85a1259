/** Reads what a restore is made of and planned by. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { isJobMember, restoreInvokerView } from "../../shared/invoker/object.ts";
import { numberAt } from "../../shared/json/value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { Cluster } from "../cluster/interface.ts";
import { CLAIMS } from "../cluster/resources.ts";
import { allInOrder } from "../objects/all-in-order.ts";
import { readObjects } from "../objects/read.ts";
import { readRestores } from "../objects/restores.ts";
import { memberName } from "../objects/session-facts.ts";
import type { NamedMember } from "./build-object.ts";
import type { PlanView, TargetFacts } from "./decide-plan.ts";

const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural, namespaced: true });

const TARGETS: Readonly<Record<string, Resource>> = {
  Deployment: apps("deployments"),
  StatefulSet: apps("statefulsets"),
  DaemonSet: apps("daemonsets"),
  PersistentVolumeClaim: CLAIMS,
  AppBinding: KINDS.AppBinding,
};

/** Members that had joined the batch by their label: also those that are gone since are wanted back. */
export function rememberedMembers(sessions: readonly BackupSession[], batch: string): readonly NamedMember[] {
  const newestFirst = [...sessions]
    .filter(({ spec }) => spec.invoker?.name === batch)
    .sort((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""));
  const found = new Map<string, NamedMember>();
  for (const target of newestFirst.flatMap(({ status }) => status?.targets ?? [])) {
    const name = memberName(target);
    if (target.member === undefined || found.has(name)) continue;
    const { target: saved, hooks } = target.member;
    const spec = {
      target: {
        ...saved,
        ...(target.alias !== undefined && { alias: target.alias }),
        ...(target.ref !== undefined && { ref: target.ref }),
      },
      ...(hooks !== undefined && { hooks }),
    };
    found.set(name, { name, spec });
  }
  return [...found.values()];
}

/** What the plan looks at, besides the point. */
export async function gatherPlanView(
  cluster: Cluster,
  restore: RestoreBatch,
): Promise<Omit<PlanView, "members" | "point" | "restore">> {
  const invoker = restoreInvokerView(restore);
  const { repository } = invoker;
  const [targets, found, missingTasks, sessions, restores] = await allInOrder([
    readTargets(
      cluster,
      invoker.members.map(({ ref }) => ref),
    ),
    repository === undefined ? undefined : cluster.find(KINDS.Repository, repository.namespace, repository.name),
    findMissingTasks(
      cluster,
      invoker.members.filter(isJobMember).flatMap(({ taskName }) => taskName ?? []),
    ),
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace: invoker.namespace }),
    readRestores(cluster, invoker.namespace),
  ]);
  return {
    targets,
    hasRepository: repository === undefined || found !== undefined,
    missingTasks,
    sessions: sessions.entries.map(({ object }) => object),
    restores: restores.entries.map(({ object }) => object),
  };
}

async function readTargets(
  cluster: Cluster,
  refs: readonly ResolvedTargetRef[],
): Promise<ReadonlyMap<string, TargetFacts | undefined>> {
  const found = refs.map(async (ref) => {
    const resource = TARGETS[ref.kind];
    if (resource === undefined) return [];
    const object = await cluster.find(resource, ref.namespace, ref.name);
    return [[targetKey(ref), object === undefined ? undefined : { replicas: replicasOf(ref.kind, object) }] as const];
  });
  return new Map((await Promise.all(found)).flat());
}

function replicasOf(kind: string, object: unknown): number {
  if (kind === "DaemonSet") return numberAt(object, "status", "desiredNumberScheduled") ?? 0;
  return numberAt(object, "spec", "replicas") ?? 1;
}

/** Whoever may not look at Tasks, which are the cluster's, is told of none. */
async function findMissingTasks(cluster: Cluster, names: readonly string[]): Promise<readonly string[]> {
  const missing = [...new Set(names)].map(async (name) => {
    const task = await cluster.find(KINDS.Task, undefined, name).catch(() => "unknown");
    return task === undefined ? [name] : [];
  });
  return (await Promise.all(missing)).flat();
}
