/** Equality of JSON values, whatever the order of an object's fields. */
import { isJsonObject } from "../shared/kube/json-value.ts";

/** Deeper than any workload; what is deeper counts as different, so that hostile nesting can't exhaust the stack. */
const MAX_DEPTH = 200;

/** Whether two JSON values are equal. */
export function isSameJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index], depth + 1));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key], depth + 1))
  );
}
