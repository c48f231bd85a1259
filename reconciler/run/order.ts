/** Which member may start: execution order, `dependsOn` and failure policy. Pure. */
import { ExecutionOrder } from "../../shared/contract.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { HoldReason } from "../../shared/reasons.ts";
import { findCircles } from "./circles.ts";

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

/** Tells the turn of the member at an index. */
export type TurnOf = (index: number) => Turn;

/** What is asked about a view as a whole, so that all members of a long batch cost as much as one. */
interface OrderFacts {
  readonly isSequential: boolean;
  readonly firstFailed: number;
  readonly firstUnended: number;
  readonly named: ReadonlyMap<string, NamedMembers>;
  readonly circles: ReadonlySet<number>;
}

/** Members that share a name; there is one of them unless two targets are called alike. */
interface NamedMembers {
  readonly indices: number[];
  firstFailed: number;
  firstUnended: number;
}

const NONE = Number.POSITIVE_INFINITY;

function isEnded(member: OrderedMember): boolean {
  return member.state === "Succeeded" || member.state === "Failed";
}

function nameOf(member: OrderedMember | undefined, index: number): string {
  return member?.names[0] ?? `member ${index}`;
}

/** The first index that is one, as `Math.min` reads it. */
function orNone(index: number): number {
  return index < 0 ? NONE : index;
}

function factsOf({ executionOrder, members }: OrderView): OrderFacts {
  const isSequential = executionOrder === ExecutionOrder.Sequential;
  const named = new Map<string, NamedMembers>();
  members.forEach((member, index) => {
    for (const name of new Set(member.names)) {
      const found = named.get(name) ?? { indices: [], firstFailed: NONE, firstUnended: NONE };
      named.set(name, found);
      found.indices.push(index);
      if (member.state === "Failed") found.firstFailed = Math.min(found.firstFailed, index);
      if (!isEnded(member)) found.firstUnended = Math.min(found.firstUnended, index);
    }
  });
  const waitsFor = (name: string) => named.get(name)?.indices ?? [];
  return {
    isSequential,
    firstFailed: orNone(members.findIndex(({ state }) => state === "Failed")),
    firstUnended: orNone(members.findIndex((member) => !isEnded(member))),
    named,
    circles: findCircles(
      members.map(({ dependsOn }) => dependsOn),
      { waitsFor, isSequential },
    ),
  };
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
 *
 * What concerns all members is found out once for the view, so that asking for each of them stays linear.
 */
export function memberTurns(view: OrderView): TurnOf {
  const facts = factsOf(view);
  return (index) => turnAt(view, facts, index);
}

/** The turn of one member alone; see `memberTurns`. */
export function memberTurn(view: OrderView, index: number): Turn {
  return memberTurns(view)(index);
}

function turnAt({ members, failFast }: OrderView, facts: OrderFacts, index: number): Turn {
  const member = members[index];
  if (member === undefined) return { kind: "refuse", code: "INTERNAL", message: `there is no member ${index}` };
  const { isSequential, firstFailed, firstUnended, named, circles } = facts;
  const nameAt = (at: number) => nameOf(members[at], at);

  if (failFast !== undefined && firstFailed < (isSequential ? index : NONE)) {
    const message = `${nameAt(firstFailed)} failed, and ${failFast}`;
    return { kind: "refuse", code: "EARLIER_MEMBER_FAILED", message };
  }
  const unknown = member.dependsOn.find((name) => !named.has(name));
  if (unknown !== undefined) {
    return { kind: "refuse", code: "INVALID_OBJECT", message: `dependsOn names ${unknown}, which is no member` };
  }
  if (circles.has(index)) {
    return { kind: "refuse", code: "INVALID_OBJECT", message: "dependsOn makes the member wait for itself" };
  }
  const firstOf = (what: "firstFailed" | "firstUnended") =>
    member.dependsOn.reduce((first, name) => Math.min(first, named.get(name)?.[what] ?? NONE), NONE);
  const failed = firstOf("firstFailed");
  if (failed !== NONE) {
    const message = `${nameAt(failed)} failed, and this member depends on it`;
    return { kind: "refuse", code: "EARLIER_MEMBER_FAILED", message };
  }
  const awaited = firstOf("firstUnended");
  if (awaited !== NONE) {
    const message = `waits for ${nameAt(awaited)}, on which it depends`;
    return { kind: "hold", reason: "DependencyRunning", message };
  }
  if (isSequential && firstUnended < index) {
    const message = `waits for ${nameAt(firstUnended)}, which comes earlier`;
    return { kind: "hold", reason: "EarlierMemberRunning", message };
  }
  return { kind: "start" };
}
