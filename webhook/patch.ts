/** JSON Patch (RFC 6902) from two versions of raw JSON: only what differs, item by item in lists of named objects. */
import { isSameJson } from "../shared/json/same.ts";
import { isJsonObject } from "../shared/json/value.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * The operations that turn one version into the other; none when they are equal. Parts that both versions share by
 * reference are not looked into.
 */
export function buildPatch(before: unknown, after: unknown, path = ""): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(before, after, path, operations);
  return operations;
}

/** One part of a JSON Pointer. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function compare(before: unknown, after: unknown, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, operations);
  else if (isJsonObject(before) && isJsonObject(after)) compareObjects(before, after, path, operations);
  else operations.push({ op: "replace", path, value: after });
}

function compareObjects(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: string,
  operations: PatchOperation[],
): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: `${path}/${escapePointer(key)}` });
  }
  for (const [key, value] of Object.entries(after)) {
    if (before[key] === value) continue;
    const at = `${path}/${escapePointer(key)}`;
    if (Object.hasOwn(before, key)) compare(before[key], value, at, operations);
    else operations.push({ op: "add", path: at, value });
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  operations: PatchOperation[],
): void {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isSameJson(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && isSameJson(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail++;
  const goneItems = before.slice(head, before.length - tail);
  const newItems = after.slice(head, after.length - tail);
  if (
    goneItems.length === newItems.length &&
    goneItems.every((item, index) => nameOf(item) === nameOf(newItems[index]))
  ) {
    for (const [index, item] of goneItems.entries())
      compareItem(item, newItems[index], `${path}/${head + index}`, operations);
    return;
  }
  compareNamed(goneItems, newItems, { path, start: head }, operations);
}

/** Walks both lists at once; `at` is the place in the list as the operations so far have left it. */
function compareNamed(
  before: readonly unknown[],
  after: readonly unknown[],
  where: { readonly path: string; readonly start: number },
  operations: PatchOperation[],
): void {
  const kept = new Set(after.map(nameOf));
  const rest = [...before];
  let at = where.start;
  for (const item of after) {
    while (rest.length > 0 && !isSameItem(rest[0], item) && !kept.has(nameOf(rest[0]))) {
      operations.push({ op: "remove", path: `${where.path}/${at}` });
      rest.shift();
    }
    if (rest.length > 0 && isSameItem(rest[0], item)) {
      compareItem(rest.shift(), item, `${where.path}/${at}`, operations);
    } else operations.push({ op: "add", path: `${where.path}/${at}`, value: item });
    at++;
  }
  for (const _ of rest) operations.push({ op: "remove", path: `${where.path}/${at}` });
}

/** An item of which so much changed that telling the changes takes more bytes than the item is replaced as a whole. */
function compareItem(before: unknown, after: unknown, path: string, operations: PatchOperation[]): void {
  const changes = buildPatch(before, after, path);
  const whole: PatchOperation = { op: "replace", path, value: after };
  const isShorter = changes.length > 1 && JSON.stringify([whole]).length < JSON.stringify(changes).length;
  operations.push(...(isShorter ? [whole] : changes));
}

/** Two items that are versions of one thing: of the same name, or without names and equal. */
function isSameItem(a: unknown, b: unknown): boolean {
  const name = nameOf(a);
  return name === undefined ? nameOf(b) === undefined && isSameJson(a, b) : name === nameOf(b);
}

function nameOf(item: unknown): unknown {
  return isJsonObject(item) ? item["name"] : undefined;
}
