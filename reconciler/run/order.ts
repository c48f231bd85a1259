/** Which member may start: execution order, `dependsOn` and failure policy. Pure. */
import { ExecutionOrder } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { HoldReason } from "../../shared/reasons.ts";

export type MemberState = "Pending" | "Running" | "Succeeded" | "Failed";

export interface OrderedMember {
  /** Names by which `dependsOn` of others may call it. */
  readonly names: readonly string[];
  readonly dependsOn: readonly string[];
  readonly state: MemberState;
}

export interface OrderView {
  readonly executionOrder: string;
  /** Why a failure keeps others from starting; undefined when it does not. */
  readonly failFast: string | undefined;
  readonly members: readonly OrderedMember[];
}

export type Turn =
  | { readonly kind: "start" }
  | { readonly kind: "hold"; readonly reason: HoldReason; readonly message: string }
  | { readonly kind: "refuse"; readonly code: ErrorCode; readonly message: string };

function isEnded(member: OrderedMember): boolean {
  return member.state === "Succeeded" || member.state === "Failed";
}

function nameOf(member: OrderedMember, index: number): string {
  return member.names[0] ?? `member ${index}`;
}

/** Whether a member waits for itself, through `dependsOn` and, in Sequential, through the members before it. */
function isInCircle({ members }: OrderView, index: number, isSequential: boolean): boolean {
  const found = new Set<number>();
  const open = [index];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const from = at;
    const names = members[from]?.dependsOn ?? [];
    members.forEach((member, to) => {
      const isAwaited = (isSequential && to < from) || member.names.some((name) => names.includes(name));
      if (!isAwaited || found.has(to)) return;
      found.add(to);
      open.push(to);
    });
  }
  return found.has(index);
}

/**
 * Whether a member that has not started may start. First row that matches:
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | a failure keeps others from starting, and a member failed (in Sequential: an earlier one) | refuse |
 * | 2 | `dependsOn` names nobody, or leads (with the order of Sequential) back to the member | refuse |
 * | 3 | a member that it depends on failed | refuse |
 * | 4 | a member that it depends on has not ended | hold |
 * | 5 | Sequential, and an earlier member has not ended | hold |
 * | 6 | otherwise | start |
 */
export function memberTurn(view: OrderView, index: number): Turn {
  const { members } = view;
  const member = members[index];
  if (member === undefined) return { kind: "refuse", code: "INTERNAL", message: `there is no member ${index}` };
  const isSequential = view.executionOrder === ExecutionOrder.Sequential;

  const failedAt = members.findIndex((other, at) => other.state === "Failed" && (!isSequential || at < index));
  if (view.failFast !== undefined && failedAt >= 0) {
    const name = nameOf(members[failedAt] ?? member, failedAt);
    return { kind: "refuse", code: "EARLIER_MEMBER_FAILED", message: `${name} failed, and ${view.failFast}` };
  }
  for (const name of member.dependsOn) {
    if (!members.some((other) => other.names.includes(name))) {
      return { kind: "refuse", code: "INVALID_OBJECT", message: `dependsOn names ${name}, which is no member` };
    }
  }
  if (isInCircle(view, index, isSequential)) {
    return { kind: "refuse", code: "INVALID_OBJECT", message: "dependsOn makes the member wait for itself" };
  }
  const needed = members.filter((other) => other.names.some((name) => member.dependsOn.includes(name)));
  const failed = needed.find((other) => other.state === "Failed");
  if (failed !== undefined) {
    const message = `${nameOf(failed, members.indexOf(failed))} failed, and this member depends on it`;
    return { kind: "refuse", code: "EARLIER_MEMBER_FAILED", message };
  }
  const awaited = needed.find((other) => !isEnded(other));
  if (awaited !== undefined) {
    const message = `waits for ${nameOf(awaited, members.indexOf(awaited))}, on which it depends`;
    return { kind: "hold", reason: "DependencyRunning", message };
  }
  const earlier = isSequential ? members.slice(0, index).findIndex((other) => !isEnded(other)) : -1;
  if (earlier >= 0) {
    const message = `waits for ${nameOf(members[earlier] ?? member, earlier)}, which comes earlier`;
    return { kind: "hold", reason: "EarlierMemberRunning", message };
  }
  return { kind: "start" };
}
