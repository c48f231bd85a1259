/** Changes of raw JSON that copy only what they change: everything else stays the very same object, in the same order. */
import type { JsonObject } from "../shared/injection/workload.ts";
import { isJsonObject } from "../shared/json/value.ts";

/** The object with a field set, in its place if it had one, else at the end. */
export function withField(object: JsonObject, key: string, value: unknown): JsonObject {
  return object[key] === value ? object : { ...object, [key]: value };
}

/** The object without a field; the object itself when it has none. */
export function withoutField(object: JsonObject, key: string): JsonObject {
  if (!Object.hasOwn(object, key)) return object;
  const { [key]: _, ...rest } = object;
  return rest;
}

/** The object with one of its objects changed; a missing one counts as empty, and one that gets empty is taken away. */
export function withChild(object: JsonObject, key: string, change: (child: JsonObject) => JsonObject): JsonObject {
  const before = object[key];
  const child = isJsonObject(before) ? before : {};
  const after = change(child);
  if (after === child) return object;
  return Object.keys(after).length === 0 ? withoutField(object, key) : withField(object, key, after);
}

/** The object with one of its lists changed, by the rules of `withChild`. */
export function withList(
  object: JsonObject,
  key: string,
  change: (items: readonly unknown[]) => readonly unknown[],
): JsonObject {
  const before = object[key];
  const items: readonly unknown[] = Array.isArray(before) ? before : [];
  const after = change(items);
  if (after === items) return object;
  return after.length === 0 ? withoutField(object, key) : withField(object, key, after);
}

/** The list with its item of the same name replaced in place, or with the item at the end. */
export function withNamed(items: readonly unknown[], item: JsonObject): readonly unknown[] {
  const index = items.findIndex((other) => isJsonObject(other) && other["name"] === item["name"]);
  if (index < 0) return [...items, item];
  return items[index] === item ? items : items.with(index, item);
}

/** The list without the objects that match; the list itself when none does. */
export function withoutMatching(items: readonly unknown[], matches: (item: JsonObject) => boolean): readonly unknown[] {
  const kept = items.filter((item) => !(isJsonObject(item) && matches(item)));
  return kept.length === items.length ? items : kept;
}
