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

/** The turns of all members, while one after another is refused. */
export interface MemberTurns {
  /** The turn of the member at an index. */
  of(index: number): Turn;
  /** Takes note that a member which had not ended failed. @returns members that depend on it */
  fail(index: number): readonly number[];
}

/** The first members of a list that failed and that have not ended. */
interface Firsts {
  firstFailed: number;
  firstUnended: number;
}

/** What is asked about a view as a whole, so that all members of a long batch cost as much as one. */
interface OrderFacts {
  readonly isSequential: boolean;
  readonly all: Firsts;
  readonly states: MemberState[];
  readonly named: ReadonlyMap<string, NamedMembers>;
  readonly dependents: ReadonlyMap<string, readonly number[]>;
  readonly circles: ReadonlySet<number>;
}

/** Members that share a name; there is one of them unless two targets are called alike. */
interface NamedMembers extends Firsts {
  readonly indices: number[];
}

const NONE = Number.POSITIVE_INFINITY;

function isEnded(state: MemberState | undefined): boolean {
  return state === "Succeeded" || state === "Failed";
}

function nameOf(member: OrderedMember | undefined, index: number): string {
  return member?.names[0] ?? `member ${index}`;
}

function factsOf({ executionOrder, members }: OrderView): OrderFacts {
  const isSequential = executionOrder === ExecutionOrder.Sequential;
  const named = new Map<string, NamedMembers>();
  const dependents = new Map<string, number[]>();
  const all: Firsts = { firstFailed: NONE, firstUnended: NONE };
  members.forEach((member, index) => {
    note(all, member.state, index);
    for (const name of new Set(member.names)) {
      const found = named.get(name) ?? { indices: [], firstFailed: NONE, firstUnended: NONE };
      named.set(name, found);
      found.indices.push(index);
      note(found, member.state, index);
    }
    for (const name of new Set(member.dependsOn)) {
      const found = dependents.get(name);
      if (found === undefined) dependents.set(name, [index]);
      else found.push(index);
    }
  });
  const waitsFor = (name: string) => named.get(name)?.indices ?? [];
  return {
    isSequential,
    all,
    states: members.map(({ state }) => state),
    named,
    dependents,
    circles: findCircles(
      members.map(({ dependsOn }) => dependsOn),
      { waitsFor, isSequential },
    ),
  };
}

function note(firsts: Firsts, state: MemberState, index: number): void {
  if (state === "Failed") firsts.firstFailed = Math.min(firsts.firstFailed, index);
  if (!isEnded(state)) firsts.firstUnended = Math.min(firsts.firstUnended, index);
}

/** The first at or after an index that has not ended; members only end, so nobody is looked at twice. */
function nextUnended(states: readonly MemberState[], from: number): number {
  let index = from;
  while (index < states.length && isEnded(states[index])) index += 1;
  return index < states.length ? index : NONE;
}

function failAt({ members }: OrderView, facts: OrderFacts, index: number): readonly number[] {
  const { all, states, named, dependents } = facts;
  const names = new Set(members[index]?.names ?? []);
  states[index] = "Failed";
  note(all, "Failed", index);
  if (all.firstUnended === index) all.firstUnended = nextUnended(states, index);
  for (const name of names) {
    const found = named.get(name);
    if (found === undefined) continue;
    note(found, "Failed", index);
    if (found.firstUnended !== index) continue;
    found.firstUnended = found.indices.find((at) => at > index && !isEnded(states[at])) ?? NONE;
  }
  return [...names].flatMap((name) => dependents.get(name) ?? []);
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
export function memberTurns(view: OrderView): MemberTurns {
  const facts = factsOf(view);
  return { of: (index) => turnAt(view, facts, index), fail: (index) => failAt(view, facts, index) };
}

function turnAt({ members, failFast }: OrderView, facts: OrderFacts, index: number): Turn {
  const member = members[index];
  if (member === undefined) return { kind: "refuse", code: "INTERNAL", message: `there is no member ${index}` };
  const { isSequential, named, circles } = facts;
  const { firstFailed, firstUnended } = facts.all;
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
