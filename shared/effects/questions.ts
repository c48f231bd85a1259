/** The questions that find out whether somebody may do all effects of an object; few, whatever the object says. Pure. */
import { distinctEffects, type Effect } from "./types.ts";

/** Asked at once within the few seconds that an admission has. */
export const MAX_QUESTIONS = 64;

export interface Questions {
  /** At most MAX_QUESTIONS, or none. */
  readonly ask: readonly Effect[];
  /** How many effects there are when they can't be asked for with so few questions. */
  readonly tooMany?: number;
}

/**
 * | # | effects | questions |
 * |---|---|---|
 * | 1 | at most 64 | each |
 * | 2 | more | of the largest kinds of effect one that names no object, which who may do it to all of them answers with yes |
 * | 3 | more kinds than 64 | none: refused |
 */
export function questionsFor(effects: readonly Effect[]): Questions {
  const distinct = distinctEffects(effects);
  if (distinct.length <= MAX_QUESTIONS) return { ask: distinct };
  const groups = new Map<string, Effect[]>();
  for (const effect of distinct) {
    const { verb, group, resource, subresource = "", namespace } = effect;
    const key = JSON.stringify([verb, group, resource, subresource, namespace]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [effect]);
    else known.push(effect);
  }
  const largestFirst = [...groups.values()].sort((a, b) => b.length - a.length);
  let count = distinct.length;
  const ask = largestFirst.flatMap((members) => {
    if (count <= MAX_QUESTIONS) return members;
    count -= members.length - 1;
    return anyOf(members);
  });
  return count <= MAX_QUESTIONS ? { ask } : { ask: [], tooMany: distinct.length };
}

function anyOf(members: readonly Effect[]): readonly Effect[] {
  const [first] = members;
  if (first === undefined || members.length === 1) return members;
  const { name: _, ...unnamed } = first;
  return [{ ...unnamed, from: `${first.from} and ${members.length - 1} more` }];
}
