/** Reads which workloads of a namespace carry an agent or are to carry one, and what that takes. */
import type { BackupMember, RestoreMember } from "../../shared/api/member.ts";
import { Label } from "../../shared/contract.ts";
import { containersOf, isOwnContainer } from "../../shared/injection/own-parts.ts";
import type { PullSecret } from "../../shared/injection/pull-secrets.ts";
import { isAsGoodAsGone } from "../../shared/invoker/held-run.ts";
import { textAt } from "../../shared/json/value.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { isSidecarModel, targetKey } from "../../shared/target/ref.ts";
import { type BackupInvokerObject, invokersOfTarget } from "../invoker/related.ts";
import type { World } from "../world/informers.ts";
import type { Restore } from "../world/targets.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import { type AgentRights, copyOf, pullCopyOf, type SecretCopy } from "./decide.ts";

const DEFAULT_SERVICE_ACCOUNT = "default";

/** @param pullSecrets of the installation */
export function gatherRights(world: World, namespace: string, pullSecrets: readonly PullSecret[] = []): AgentRights {
  const accounts = new Set<string>();
  const copies = new Map<string, SecretCopy>();
  for (const informer of Object.values(world.workloads)) {
    for (const workload of informer.list(namespace)) {
      const users = usersOf(world, workload);
      if (users.length === 0 && !hasAgent(workload)) continue;
      accounts.add(serviceAccountOf(workload));
      for (const copy of users.flatMap((user) => copiesFor(world, namespace, user))) copies.set(copy.name, copy);
    }
  }
  const jobUsers = jobUsersOf(world, namespace);
  for (const copy of jobUsers.flatMap((user) => copiesFor(world, namespace, user))) copies.set(copy.name, copy);
  const hasPods = accounts.size > 0 || jobUsers.length > 0;
  for (const secret of hasPods ? pullSecrets : []) {
    const copy = pullCopyOf(secret, namespace);
    if (copy !== undefined) copies.set(copy.name, copy);
  }
  return {
    namespace,
    serviceAccounts: [...accounts].sort(),
    copies: [...copies.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Invokers and open restores of the namespace whose members need jobs: those run beside them, with rights of their own. */
function jobUsersOf(world: World, namespace: string): readonly (BackupInvokerObject | Restore)[] {
  const restores = [...world.restoreSessions.list(namespace), ...world.restoreBatches.list(namespace)];
  return [
    ...world.configurations.list(namespace),
    ...world.batches.list(namespace),
    ...restores.filter(({ status }) => !isFinalRestorePhase(status?.phase)),
  ].filter((user) => !isLeaving(user) && membersOf(user).some(needsJob));
}

type Member = Pick<BackupMember | RestoreMember, "task" | "target">;

function membersOf(user: BackupInvokerObject | Restore): readonly Member[] {
  const isBatch = user.kind === "BackupBatch" || user.kind === "RestoreBatch";
  return isBatch ? (user.spec.members ?? []) : [user.spec];
}

function needsJob({ task, target }: Member): boolean {
  const templates = target !== undefined && "volumeClaimTemplates" in target ? target.volumeClaimTemplates : undefined;
  return !isSidecarModel(target?.ref, task?.name) || (templates ?? []).length > 0;
}

/** Invokers and restores of the workload's namespace that name it and stay; nothing is made here for those of others. */
function usersOf(world: World, { facts }: WorkloadObject): readonly (BackupInvokerObject | Restore)[] {
  const key = targetKey(facts);
  const users = [
    ...invokersOfTarget(world, key),
    ...world.restoreSessions.byIndex("target", key),
    ...world.restoreBatches.byIndex("target", key),
  ];
  return users.filter((user) => !isLeaving(user) && user.metadata.namespace === facts.namespace);
}

/** A restore that cleans up needs its rights until it has. */
function isLeaving({ kind, metadata }: BackupInvokerObject | Restore): boolean {
  const isRestore = kind === "RestoreSession" || kind === "RestoreBatch";
  return isRestore ? isAsGoodAsGone(metadata) : metadata.deletionTimestamp !== undefined;
}

/** An agent goes on for a while after the last invoker is gone: until its pods are replaced. */
function hasAgent({ facts }: WorkloadObject): boolean {
  return containersOf(facts.podTemplate).some(isOwnContainer) || facts.labels[Label.BackupBatch] !== undefined;
}

function serviceAccountOf({ facts }: WorkloadObject): string {
  return (
    textAt(facts.podTemplate, "spec", "serviceAccountName") ||
    textAt(facts.podTemplate, "spec", "serviceAccount") ||
    DEFAULT_SERVICE_ACCOUNT
  );
}

function copiesFor(world: World, namespace: string, user: BackupInvokerObject | Restore): readonly SecretCopy[] {
  const { repository: ref } = user.spec;
  const repository = ref && world.repositories.get(ref.namespace || user.metadata.namespace, ref.name);
  if (repository === undefined || repository.metadata.deletionTimestamp !== undefined) return [];
  const { labels = {} } = world.namespaces.get(undefined, namespace) ?? {};
  const copy = copyOf(repository, { namespace, labels });
  return copy === undefined ? [] : [copy];
}
