/** Where the commands of a job's hooks run. Pure. */
import type { Handler } from "../../shared/api/hooks.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Container } from "../../shared/contract.ts";
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { isJobMember } from "./host.ts";

type Member = BackupMemberView | RestoreMemberView;

/** Upstream's names of the containers in which a Job runs hooks. */
const HOOK_CONTAINERS: readonly string[] = [Container.PreTaskHook, Container.PostTaskHook];

/**
 * The handler as it is carried out. In a job our own step runs what upstream's hook containers run, whatever it is called. A command that
 * names no container is run by it too where a restore fills volumes: such a job ends with its work, and nothing can be sent into it then.
 */
export function jobHandler<H extends Handler>(member: Member, handler: H | undefined): H | undefined {
  const isOwn = handler !== undefined && isCommand(member, handler) && (handler.containerName || isRestore(member));
  return isOwn ? { ...handler, containerName: Container.Sidecar } : handler;
}

/** Whether a hook of the member is a command in a pod of its job. */
export function hasCommand(member: Member): boolean {
  return Object.values(member.hooks ?? {}).some((handler) => handler !== undefined && isCommand(member, handler));
}

function isCommand(member: Member, { exec, containerName }: Handler): boolean {
  if (exec === undefined || !isJobMember(member)) return false;
  return containerName ? HOOK_CONTAINERS.includes(containerName) : member.ref.kind !== KINDS.AppBinding.kind;
}

function isRestore(member: Member): boolean {
  return !("isLabelled" in member);
}
