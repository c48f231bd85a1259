/** Which invokers a workload has to do with, and which workloads an invoker: from the informers' indexes. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { Label } from "../../shared/contract.ts";
import { resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { formatInvokerKey } from "../invoker-key.ts";
import type { World } from "../world/informers.ts";
import type { PodObject } from "../world/pod-object.ts";
import { isWorkloadKind } from "../world/workload-object.ts";
import { findWorkload, parseWorkloadKey } from "./workload-key.ts";

export type BackupInvokerObject = BackupConfiguration | BackupBatch;

export function invokerKeyOf({ kind, metadata }: BackupInvokerObject): string {
  return formatInvokerKey({ kind, namespace: metadata.namespace, name: metadata.name });
}

/** Invokers whose spec names the target, and the batch that its label names. */
export function invokersOfTarget(world: World, target: string): readonly BackupInvokerObject[] {
  const id = parseWorkloadKey(target);
  const batchName = id && findWorkload(world, id)?.facts.labels[Label.BackupBatch];
  const labelled = id && batchName ? world.batches.get(id.namespace, batchName) : undefined;
  return [
    ...world.configurations.byIndex("target", target),
    ...world.batches.byIndex("target", target),
    ...(labelled === undefined ? [] : [labelled]),
  ];
}

/** Targets that the invoker's spec names, by targetKey(). */
function namedTargets(invoker: BackupInvokerObject): readonly string[] {
  const members = invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [invoker.spec];
  return members.map(({ target }) => targetKey(resolveTargetRef(target?.ref, invoker.metadata.namespace)));
}

/** Targets of the invoker, those that joined by label too, by targetKey(). */
export function targetsOfInvoker(world: World, invoker: BackupInvokerObject): readonly string[] {
  if (invoker.kind !== "BackupBatch") return namedTargets(invoker);
  const { namespace, name } = invoker.metadata;
  const labelled = Object.values(world.workloads).flatMap((informer) =>
    informer.byIndex("batch", `${namespace}/${name}`),
  );
  return [...namedTargets(invoker), ...labelled.map(({ facts }) => targetKey(facts))];
}

export function invokersOfRepository(
  world: Pick<World, "configurations" | "batches">,
  namespace: string,
  name: string,
): readonly BackupInvokerObject[] {
  const key = `${namespace}/${name}`;
  return [...world.configurations.byIndex("repository", key), ...world.batches.byIndex("repository", key)];
}

const POD_TEMPLATE_HASH = "pod-template-hash";

/** The workload that a pod belongs to, by targetKey(), as far as the pod tells. */
export function targetOfPod({ namespace, owner, labels }: PodObject): string | undefined {
  if (owner === undefined) return undefined;
  if (isWorkloadKind(owner.kind)) return targetKey({ kind: owner.kind, namespace, name: owner.name });
  const suffix = `-${labels[POD_TEMPLATE_HASH] ?? ""}`;
  if (owner.kind !== "ReplicaSet" || !owner.name.endsWith(suffix)) return undefined;
  return targetKey({ kind: "Deployment", namespace, name: owner.name.slice(0, -suffix.length) });
}
