/** The RestoreBatch that brings the members of a batch back. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { BackupMember, RestoreMember } from "../../shared/api/member.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import { NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";
import type { BackupInvokerObject } from "../objects/invokers.ts";
import type { PointChoice } from "./choose-point.ts";

/** A member of a batch, under the name that people and other members know it by. */
export interface NamedMember {
  readonly name: string;
  readonly spec: BackupMember;
}

export interface RestoreOrder {
  readonly invoker: BackupInvokerObject;
  readonly members: readonly NamedMember[];
  readonly choice: PointChoice;
  readonly name: string;
}

/** `shop-restore-1795966270`. */
export function restoreName(batch: string, nowMs: number): string {
  return nameWithSuffix(batch, `restore-${Math.floor(nowMs / 1_000)}`, NAME_MAX_LENGTH);
}

/** What a batch has as members: those of its spec, or itself. */
export function membersOfInvoker(invoker: BackupInvokerObject): readonly NamedMember[] {
  const members: readonly BackupMember[] =
    invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [invoker.spec];
  return members.map((spec) => ({ name: spec.target?.alias ?? spec.target?.ref?.name ?? "?", spec }));
}

/** @throws UserError INVALID_OBJECT for a task of which nobody knows the other half */
export function buildRestore({ invoker, members, choice, name }: RestoreOrder): RestoreBatch {
  const { metadata, spec } = invoker;
  const names = members.map((member) => member.name);
  const order = invoker.kind === "BackupBatch" ? invoker.spec.executionOrder : undefined;
  return {
    apiVersion: KINDS.RestoreBatch.apiVersion,
    kind: KINDS.RestoreBatch.kind,
    metadata: { name, namespace: metadata.namespace },
    spec: {
      ...(spec.driver !== undefined && { driver: spec.driver }),
      ...(spec.repository !== undefined && { repository: spec.repository }),
      ...choice.spec,
      ...(order !== undefined && { executionOrder: order }),
      ...(spec.timeOut !== undefined && { timeOut: spec.timeOut }),
      members: members.map((member) => buildMember(member, names)),
    },
  };
}

function buildMember({ name, spec }: NamedMember, names: readonly string[]): RestoreMember {
  const { target, task, runtimeSettings, tempDir, interimVolumeTemplate, dependsOn = [] } = spec;
  const kept = dependsOn.filter((other) => names.includes(other));
  return {
    target: {
      ...(target?.alias !== undefined && { alias: target.alias }),
      ...(target?.ref !== undefined && { ref: target.ref }),
      ...(target?.volumeMounts !== undefined && { volumeMounts: target.volumeMounts }),
    },
    ...(task?.name && { task: { name: restoreTask(name, task.name) } }),
    ...(runtimeSettings !== undefined && { runtimeSettings }),
    ...(tempDir !== undefined && { tempDir }),
    ...(interimVolumeTemplate !== undefined && { interimVolumeTemplate }),
    ...(kept.length > 0 && { dependsOn: kept }),
  };
}

/** Tasks come in pairs, here and in upstream's catalogue: `mariadb-backup-10.5.23` and `mariadb-restore-10.5.23`. */
function restoreTask(member: string, task: string): string {
  const at = task.lastIndexOf("backup");
  if (at >= 0) return `${task.slice(0, at)}restore${task.slice(at + "backup".length)}`;
  throw new UserError(
    "INVALID_OBJECT",
    `member ${member}: Task ${task} does not say which one restores what it saves`,
    {
      next: "write the RestoreBatch by hand, with the task that does; see docs/restore.md",
    },
  );
}

/** What the batch says of a member and its restore does not. */
export function leftOut({ name, spec }: NamedMember): readonly string[] {
  const params = (spec.task?.params ?? []).map((param) => param.name);
  return [
    ...(params.length > 0 ? [`parameters of the task of ${name} (${params.join(", ")})`] : []),
    ...(spec.hooks !== undefined ? [`backup hooks of ${name}`] : []),
  ];
}
