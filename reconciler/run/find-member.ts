/** Members of an invoker by what their targets' entries say. Pure. */
import type { ResolvedTargetRef } from "../../shared/target.ts";

export interface NamedMember {
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
}

function keyOf({ kind, namespace, name }: ResolvedTargetRef, alias: string | undefined): string {
  return JSON.stringify([kind, namespace, name, alias ?? ""]);
}

/** Finds the member that a ref and an alias stand for; undefined when the invoker does not have it. */
export type FindMember<Member extends NamedMember> = (
  members: readonly Member[],
  ref: ResolvedTargetRef,
  alias: string | undefined,
) => Member | undefined;

/** A list is looked at once, however many entries ask: a batch may have a thousand members. */
export function createMemberFinder<Member extends NamedMember>(): FindMember<Member> {
  const indexes = new WeakMap<readonly Member[], ReadonlyMap<string, Member>>();
  return (members, ref, alias) => {
    let index = indexes.get(members);
    if (index === undefined) {
      // Of two that are called alike the first counts.
      index = new Map(members.toReversed().map((member) => [keyOf(member.ref, member.alias), member]));
      indexes.set(members, index);
    }
    return index.get(keyOf(ref, alias));
  };
}
