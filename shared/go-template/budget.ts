/**
 * What rendering a template may cost. Its text comes from tenants and is rendered beside the work of others, so each value
 * that a function reads or makes is paid for by its whole size before the work is done, whichever way it was built.
 */
import { templateFault } from "./lex.ts";
import { isList, isMap, type Value } from "./value.ts";

/** About 0.4 s of the slowest work there is, a pattern of a thousand steps; hooks need some thousands. */
const MAX_WORK = 10_000_000;
/** Deeper values are of no use in a text, and what walks them does so by recursion. */
const MAX_DEPTH = 100;

interface Measure {
  /** Characters, items and keys in all. A value that holds another one twice counts it twice, as printing does. */
  readonly size: number;
  readonly depth: number;
}

/** Values never change once they are made, so each is measured once. */
const measured = new WeakMap<object, Measure>();

function measure(value: Value, level: number): Measure {
  if (typeof value === "string") return { size: 1 + value.length, depth: 0 };
  if (!isList(value) && !isMap(value)) return { size: 1, depth: 0 };
  const known = measured.get(value);
  if (known !== undefined) return known;
  if (level > MAX_DEPTH) throw templateFault(`a value nests deeper than ${MAX_DEPTH}`);
  let size = 1;
  let depth = 0;
  const add = (item: Value): void => {
    const inner = measure(item, level + 1);
    size += inner.size;
    depth = Math.max(depth, inner.depth + 1);
  };
  if (isList(value)) value.forEach(add);
  else {
    for (const [key, item] of Object.entries(value)) {
      size += key.length;
      add(item);
    }
  }
  if (depth > MAX_DEPTH) throw templateFault(`a value nests deeper than ${MAX_DEPTH}`);
  const result = { size, depth };
  measured.set(value, result);
  return result;
}

/** One rendering's purse. */
export class Budget {
  #left = MAX_WORK;

  /** @throws UserError INVALID_OBJECT when more was spent than there is */
  spend(work: number): void {
    this.#left -= work;
    // Also what is no number at all.
    if (!(this.#left >= 0)) throw templateFault("it takes too much work");
  }

  /** Pays for reading or making a value. @throws UserError INVALID_OBJECT as `spend`, or when it nests too deep */
  spendOn(value: Value): void {
    this.spend(measure(value, 0).size);
  }
}
