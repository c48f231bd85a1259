/** What changed between two JSON values, as patches. Pure. */
import { isJsonObject } from "./json-value.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Whether two JSON values are the same; the order of keys does not count, and an undefined field is an absent one. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = allKeys(a, b);
  return keys.every((key) => isSameJson(a[key], b[key]));
}

/**
 * Builds the smallest merge patch that turns `before` into `after`. Lists are replaced whole.
 *
 * @returns undefined when nothing changes
 */
export function buildMergePatch(before: unknown, after: unknown): unknown {
  if (isSameJson(before, after)) return undefined;
  if (!isJsonObject(after)) return after ?? null;
  const from = isJsonObject(before) ? before : {};
  const patch: Record<string, unknown> = {};
  for (const key of allKeys(from, after)) {
    const change = buildMergePatch(from[key], after[key]);
    if (change !== undefined) patch[key] = change;
  }
  return patch;
}

/** Escapes one segment of a JSON pointer (RFC 6901). */
export function escapePointer(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

function allKeys(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
