/** What changed between two JSON values, as patches. Pure. */
import { isJsonObject } from "./json-value.ts";
import type { JsonPatchOperation } from "./patch.ts";

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

/**
 * Builds a JSON patch that turns `before` into `after` and applies only where `before` still stands: each value that is
 * replaced or removed is tested first. Lists of equal length are patched entry by entry, so that two writers of
 * different entries do not disturb each other; a list that grew or shrank is tested and replaced whole. A field that is
 * added cannot be tested for absence.
 *
 * @param path JSON pointer of the two values within the object
 * @returns empty when nothing changes
 */
export function buildGuardedPatch(before: unknown, after: unknown, path: string): readonly JsonPatchOperation[] {
  if (isSameJson(before, after)) return [];
  if (before === undefined) return [{ op: "add", path, value: after }];
  if (after === undefined) return [test(path, before), { op: "remove", path }];
  if (isJsonObject(before) && isJsonObject(after)) {
    return allKeys(before, after).flatMap((key) =>
      buildGuardedPatch(before[key], after[key], `${path}/${escapePointer(key)}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => buildGuardedPatch(item, after[index], `${path}/${index}`));
  }
  return [test(path, before), { op: "replace", path, value: after }];
}

/** Escapes one segment of a JSON pointer (RFC 6901). */
export function escapePointer(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

function test(path: string, value: unknown): JsonPatchOperation {
  return { op: "test", path, value };
}

function allKeys(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
