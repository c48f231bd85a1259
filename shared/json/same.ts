/** Equality of JSON values, whatever the order of an object's fields. */
import { isJsonObject } from "./value.ts";

/** Deeper than any workload; what is deeper counts as different, so that hostile nesting can't exhaust the stack. */
const MAX_DEPTH = 200;

/** Whether two JSON values are equal. A field without a value is as good as none: it is not sent. */
export function isSameJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index], depth + 1));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  for (const key of Object.keys(a)) if (!isSameJson(a[key], own(b, key), depth + 1)) return false;
  return Object.keys(b).every((key) => Object.hasOwn(a, key) || b[key] === undefined);
}

/** What is inherited is no field: an object of the API server may have one that is called `constructor`. */
function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
