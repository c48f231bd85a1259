/** Backup invokers as the informers hold them, with the members that joined by label. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { messageOf } from "../../shared/errors.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import { labelledMember } from "../../shared/invoker/labelled-member.ts";
import {
  type BackupInvokerKind,
  type BackupInvokerView,
  type BackupMemberView,
  backupInvokerView,
  backupMemberView,
  findMember,
} from "../../shared/invoker/object.ts";
import { targetKey } from "../../shared/target/ref.ts";
import type { World } from "./informers.ts";
import type { WorkloadObject } from "./workload-object.ts";

export interface InvokerName {
  readonly kind: BackupInvokerKind;
  readonly namespace: string;
  readonly name: string;
}

export function findInvokerObject(world: World, id: InvokerName): BackupConfiguration | BackupBatch | undefined {
  const informer = id.kind === "BackupBatch" ? world.batches : world.configurations;
  return informer.get(id.namespace, id.name);
}

export interface GatheredInvoker {
  /** Members that joined by label come after those of the spec, by kind and name. */
  readonly view: BackupInvokerView;
  /** targetKey() of members whose annotations can't be read, and why. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Workloads that joined a batch by label and have not opted out. */
export function labelledWorkloads(world: World, namespace: string, batch: string): readonly WorkloadObject[] {
  const ofNamespace = world.namespaces.get(undefined, namespace);
  return Object.values(world.workloads)
    .flatMap((informer) => informer.byIndex("batch", `${namespace}/${batch}`))
    .filter(({ facts }) => !isOptedOut({ workload: facts, namespace: ofNamespace }) && !facts.isBeingDeleted)
    .sort((a, b) => (`${a.facts.kind}/${a.facts.name}` < `${b.facts.kind}/${b.facts.name}` ? -1 : 1));
}

/** @throws UserError INVALID_DURATION when the spec holds one */
export function gatherInvoker(world: World, object: BackupConfiguration | BackupBatch): GatheredInvoker {
  const view = backupInvokerView(object);
  if (view.kind !== "BackupBatch") return { view, refusals: new Map() };
  const refusals = new Map<string, string>();
  const members: BackupMemberView[] = [...view.members];
  for (const { facts } of labelledWorkloads(world, view.namespace, view.name)) {
    if (findMember(view.members, facts) !== undefined) continue;
    const at = { index: members.length, namespace: view.namespace, isLabelled: true };
    const { apiVersion, kind, name, namespace } = facts;
    try {
      members.push(backupMemberView(labelledMember(facts), at));
    } catch (error) {
      const unread = { target: { alias: name, ref: { apiVersion, kind, name, namespace } } };
      members.push(backupMemberView(unread, at));
      refusals.set(targetKey(facts), messageOf(error));
    }
  }
  return { view: { ...view, members }, refusals };
}
