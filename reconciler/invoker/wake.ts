/** Which changes in the cluster make which keys worth a look. */
import type { Repository } from "../../shared/api/repository.ts";
import { Label } from "../../shared/contract.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { isHeldByInit } from "../injection/left-over.ts";
import type { World } from "../world/informers.ts";
import type { PodObject } from "../world/pod-object.ts";
import type { Restore } from "../world/targets.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import {
  type BackupInvokerObject,
  invokerKeyOf,
  invokersOfRepository,
  invokersOfTarget,
  targetOfPod,
  targetsOfInvoker,
} from "./related.ts";

type Wake = (key: string) => void;

/** Keys of invokers whose conditions may change. */
export function wakeInvokers(world: World, wake: Wake): readonly (() => void)[] {
  const wakeAll = (invokers: readonly BackupInvokerObject[]): void => {
    for (const invoker of invokers) wake(invokerKeyOf(invoker));
  };
  const ofTarget = (target: string): void => wakeAll(invokersOfTarget(world, target));
  return [
    ...onInvokers(world, (before, after) => {
      if (before === undefined || after === undefined || isLookedAt(before, after))
        wakeAll([after ?? before].flatMap(present));
    }),
    ...onWorkloads(world, (before, after) => {
      for (const workload of [before, after]) if (workload !== undefined) ofTarget(targetKey(workload.facts));
      // The label names another batch now: the one that it named loses a member.
      const former = before && formerBatch(world, before, after);
      if (former !== undefined) wakeAll([former]);
    }),
    onPods(world, ofTarget),
    onRepositories(world, ({ metadata }) => wakeAll(invokersOfRepository(world, metadata.namespace, metadata.name))),
    onNamespaces(world, ({ name }) => wakeAll([...world.configurations.list(name), ...world.batches.list(name)])),
  ];
}

/** Keys of targets whose injection may change. */
export function wakeTargets(world: World, wake: Wake): readonly (() => void)[] {
  const ofInvoker = (invoker: BackupInvokerObject | undefined): void => {
    if (invoker !== undefined) for (const target of targetsOfInvoker(world, invoker)) wake(target);
  };
  const ofWorkload = (workload: WorkloadObject | undefined): void => {
    if (workload !== undefined) wake(targetKey(workload.facts));
  };
  return [
    ...onInvokers(world, (before, after) => {
      if (before !== undefined && after !== undefined && !isLookedAt(before, after)) return;
      ofInvoker(before);
      ofInvoker(after);
    }),
    ...onWorkloads(world, (before, after) => ofWorkload(after ?? before)),
    onPods(world, wake),
    ...onRestores(world, (restore) => {
      for (const target of targetsOfRestore(restore)) wake(target);
    }),
    onRepositories(world, ({ metadata }) => {
      for (const invoker of invokersOfRepository(world, metadata.namespace, metadata.name)) ofInvoker(invoker);
    }),
    onNamespaces(world, ({ name }) => {
      for (const informer of Object.values(world.workloads))
        for (const workload of informer.list(name)) ofWorkload(workload);
    }),
  ];
}

/** Namespaces whose agents may need other rights or Secrets. */
export function wakeNamespaces(world: World, wake: Wake): readonly (() => void)[] {
  const ofTargets = (targets: readonly string[]): void => {
    for (const namespace of new Set(targets.map((target) => target.split("/")[1]))) if (namespace) wake(namespace);
  };
  return [
    ...onInvokers(world, (before, after) => {
      if (before !== undefined && after !== undefined && !isLookedAt(before, after)) return;
      for (const invoker of [before, after].flatMap(present)) ofTargets(targetsOfInvoker(world, invoker));
    }),
    ...onWorkloads(world, (before, after) => {
      const isSameSpec = before !== undefined && after !== undefined && before.generation === after.generation;
      const isSameLabels = JSON.stringify(before?.facts.labels) === JSON.stringify(after?.facts.labels);
      if (!isSameSpec || !isSameLabels)
        ofTargets([before, after].flatMap(present).map(({ facts }) => targetKey(facts)));
    }),
    ...onRestores(world, (restore) => ofTargets(targetsOfRestore(restore))),
    onRepositories(world, ({ metadata }) => {
      const users = invokersOfRepository(world, metadata.namespace, metadata.name);
      ofTargets(users.flatMap((invoker) => targetsOfInvoker(world, invoker)));
    }),
    onNamespaces(world, ({ name }) => wake(name)),
  ];
}

type Listener<T> = (before: T | undefined, after: T | undefined) => void;

function handlerOf<T>(listener: Listener<T>) {
  return {
    add: (object: T) => listener(undefined, object),
    update: (before: T, after: T) => listener(before, after),
    delete: (object: T) => listener(object, undefined),
  };
}

function onInvokers(world: World, listener: Listener<BackupInvokerObject>): readonly (() => void)[] {
  return [world.configurations.subscribe(handlerOf(listener)), world.batches.subscribe(handlerOf(listener))];
}

function onWorkloads(world: World, listener: Listener<WorkloadObject>): readonly (() => void)[] {
  return Object.values(world.workloads).map((informer) => informer.subscribe(handlerOf(listener)));
}

function onRestores(world: World, wake: (restore: Restore) => void): readonly (() => void)[] {
  const handler = handlerOf<Restore>((before, after) => {
    const isSame =
      before !== undefined &&
      after !== undefined &&
      before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
      before.status?.phase === after.status?.phase;
    if (!isSame) for (const restore of [before, after].flatMap(present)) wake(restore);
  });
  return [world.restoreSessions.subscribe(handler), world.restoreBatches.subscribe(handler)];
}

function onRepositories(world: World, wake: (repository: Repository) => void): () => void {
  return world.repositories.subscribe(
    handlerOf<Repository>((before, after) => {
      const isSame =
        before?.metadata.generation === after?.metadata.generation &&
        before?.metadata.deletionTimestamp === after?.metadata.deletionTimestamp;
      // Its status changes with every session, and concerns nobody here.
      if (before === undefined || after === undefined || !isSame)
        for (const one of [after ?? before].flatMap(present)) wake(one);
    }),
  );
}

function onNamespaces(world: World, wake: (namespace: NamespaceFacts) => void): () => void {
  return world.namespaces.subscribe(
    handlerOf<NamespaceFacts>((before, after) => {
      if (before !== undefined && after !== undefined) wake(after);
    }),
  );
}

/** A pod came, went, ended, carries another container, or is held up by ours. */
function onPods(world: World, wake: (target: string) => void): () => void {
  return world.pods.subscribe(
    handlerOf<PodObject>((before, after) => {
      const isSame =
        before !== undefined &&
        after !== undefined &&
        before.isEnded === after.isEnded &&
        before.holdup?.words === after.holdup?.words &&
        before.backupHash === after.backupHash &&
        isHeldByInit(before) === isHeldByInit(after);
      const target = isSame ? undefined : [after ?? before].flatMap(present).map(targetOfPod)[0];
      if (target !== undefined) wake(target);
    }),
  );
}

/** Whether what decisions look at changed: everything but the fields that sessions and the schedule write. */
function isLookedAt(before: BackupInvokerObject, after: BackupInvokerObject): boolean {
  const facts = ({ metadata, status }: BackupInvokerObject) =>
    JSON.stringify([
      metadata.generation,
      metadata.deletionTimestamp,
      metadata.finalizers,
      metadata.labels,
      metadata.annotations,
      status?.conditions,
      status?.phase,
    ]);
  return facts(before) !== facts(after);
}

function formerBatch(world: World, before: WorkloadObject, after: WorkloadObject | undefined) {
  const name = before.facts.labels[Label.BackupBatch];
  if (!name || name === after?.facts.labels[Label.BackupBatch]) return undefined;
  return world.batches.get(before.facts.namespace, name);
}

function targetsOfRestore(restore: Restore): readonly string[] {
  const members = restore.kind === "RestoreBatch" ? (restore.spec.members ?? []) : [restore.spec];
  return members.map(({ target }) => targetKey(resolveTargetRef(target?.ref, restore.metadata.namespace)));
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
