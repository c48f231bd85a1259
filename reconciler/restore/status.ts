/**
 * One shape for the status of both restore kinds. A RestoreSession keeps its only member's state at the top level, and its
 * conditions in one list with the restore's own.
 */
import type { Condition } from "../../shared/api/condition.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { RestoreBatch, RestoreBatchStatus, RestoreMemberStatus } from "../../shared/api/restore-batch.ts";
import type { RestoreSession, RestoreSessionStatus } from "../../shared/api/restore-session.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTarget, type ResolvedTargetRef, resolveTargetRef } from "../../shared/target/ref.ts";
import { OLD_PODS_RUNNING } from "./old-pods.ts";

export type RestoreObject = RestoreSession | RestoreBatch;

type SharedStatus = Omit<RestoreBatchStatus, "members" | "hooks" | "conditions">;

export interface RestoreStatus extends SharedStatus {
  readonly conditions?: readonly Condition[];
  /** Global hooks. */
  readonly hooks?: readonly HookResult[];
  readonly targets?: readonly RestoreMemberStatus[];
}

/** Conditions that are about a member. */
const MEMBER_CONDITIONS: readonly string[] = [
  ConditionType.RestoreTargetFound,
  ConditionType.RestoreExecutorEnsured,
  ConditionType.StashInitContainerInjected,
  ConditionType.RestoreJobCreated,
  ConditionType.VolumesFree,
  ConditionType.PreRestoreHookExecutionSucceeded,
  ConditionType.PostRestoreHookExecutionSucceeded,
  ConditionType.RestoreCompleted,
];

function isOfMember({ type }: Condition): boolean {
  return MEMBER_CONDITIONS.includes(type);
}

/**
 * Whom the member waits for, which a RestoreSession tells at its top alone: it counts until the pods are looked at again. All else that a member
 * waits for is seen anew each time.
 */
function waitOf(
  { reason, message = "" }: SharedStatus,
  { ref, alias }: { readonly ref: ResolvedTargetRef; readonly alias: string | undefined },
): Pick<RestoreMemberStatus, "reason" | "message"> {
  if (reason !== OLD_PODS_RUNNING) return {};
  const name = `${alias ?? formatTarget(ref)}: `;
  return { reason, message: message.startsWith(name) ? message.slice(name.length) : message };
}

export function readRestoreStatus(restore: RestoreObject): RestoreStatus {
  if (restore.status === undefined) return {};
  if (restore.kind === "RestoreBatch") {
    const { members, ...rest } = restore.status;
    return { ...rest, ...(members !== undefined && { targets: members }) };
  }
  const { alias, totalHosts, stats, unlisted, hooks, conditions, ...rest } = restore.status;
  const own = (conditions ?? []).filter((condition) => !isOfMember(condition));
  const ofMember = (conditions ?? []).filter(isOfMember);
  const isBegun = rest.startTime !== undefined;
  const ref = resolveTargetRef(restore.spec.target?.ref, restore.metadata.namespace);
  const member: RestoreMemberStatus = {
    ref,
    ...waitOf(rest, { ref, alias }),
    ...(alias !== undefined && { alias }),
    ...(totalHosts !== undefined && { totalHosts }),
    ...(stats !== undefined && { stats }),
    ...(unlisted !== undefined && { unlisted }),
    ...(hooks !== undefined && { hooks }),
    ...(ofMember.length > 0 && { conditions: ofMember }),
  };
  return { ...rest, ...(own.length > 0 && { conditions: own }), ...(isBegun && { targets: [member] }) };
}

/** The list with the conditions of both, those that were there before in their old order. */
function mergeConditions(before: readonly Condition[] | undefined, ...lists: (readonly Condition[] | undefined)[]) {
  const now = lists.flatMap((list) => list ?? []);
  const kept = (before ?? []).flatMap(({ type }) => now.filter((condition) => condition.type === type));
  const added = now.filter(({ type }) => !(before ?? []).some((condition) => condition.type === type));
  return [...kept, ...added];
}

/** The status as the object's kind has it. */
export function writeRestoreStatus(
  restore: RestoreObject,
  status: RestoreStatus,
): RestoreSessionStatus | RestoreBatchStatus {
  const { targets, hooks, conditions, ...rest } = status;
  if (restore.kind === "RestoreBatch") {
    return {
      ...rest,
      ...(hooks !== undefined && { hooks }),
      ...(conditions !== undefined && { conditions }),
      ...(targets !== undefined && { members: targets }),
    };
  }
  const member = targets?.[0];
  const merged = mergeConditions(restore.status?.conditions, conditions, member?.conditions);
  return {
    ...rest,
    ...(member?.alias !== undefined && { alias: member.alias }),
    ...(member?.totalHosts !== undefined && { totalHosts: member.totalHosts }),
    ...(member?.stats !== undefined && { stats: member.stats }),
    ...(member?.unlisted !== undefined && { unlisted: member.unlisted }),
    ...(member?.hooks !== undefined && { hooks: member.hooks }),
    ...(merged.length > 0 && { conditions: merged }),
  };
}
