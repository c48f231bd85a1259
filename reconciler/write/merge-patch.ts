/** What changed between two JSON values, as patches. Pure. */
import { isSameJson } from "../../shared/json/same.ts";
import { isJsonObject } from "../../shared/json/value.ts";

type JsonObject = Readonly<Record<string, unknown>>;

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

function allKeys(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
