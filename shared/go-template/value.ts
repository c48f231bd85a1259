/** Values of templates and how Go prints and compares them. */
import { templateFault } from "./lex.ts";

export type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [key: string]: Value };
export type ValueMap = { readonly [key: string]: Value };

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** False, zero, nothing, and what has no length. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return hasKeys(value);
  return Boolean(value);
}

function hasKeys(value: ValueMap): boolean {
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}

/** As `{{ value }}` prints it. */
export function printValue(value: Value): string {
  if (value === null || value === undefined) return "<no value>";
  if (isList(value)) return `[${value.map(printValue).join(" ")}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${printValue(value[key])}`).join(" ")}]`;
  }
  return String(value);
}

/** Text of a value where a function wants text; nothing is the empty text. */
export function toText(value: Value): string {
  return value === null || value === undefined ? "" : printValue(value);
}

/** @throws UserError INVALID_OBJECT when it is no number */
export function toNumber(value: Value): number {
  if (value === null || value === undefined || value === "") return 0;
  const number = typeof value === "boolean" ? Number(value) : Number(toText(value));
  if (Number.isNaN(number)) throw templateFault(`${JSON.stringify(value)} is no number`);
  return number;
}

/** @throws UserError INVALID_OBJECT when the two can't be compared */
export function isEqual(a: Value, b: Value): boolean {
  const nothing = (value: Value) => value === null || value === undefined;
  if (nothing(a) || nothing(b)) return nothing(a) && nothing(b);
  if (typeof a !== typeof b || typeof a === "object") {
    throw templateFault(`${JSON.stringify(a)} and ${JSON.stringify(b)} can't be compared`);
  }
  return a === b;
}

/** Below zero when a comes first. @throws UserError INVALID_OBJECT when the two have no order */
export function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw templateFault(`${JSON.stringify(a)} and ${JSON.stringify(b)} have no order`);
}

/** Own fields only, so that nothing of JavaScript shows. */
export function fieldOf(value: Value, name: string): Value {
  if (value === null || value === undefined) throw templateFault(`.${name} of nothing`);
  if (!isMap(value)) throw templateFault(`.${name} of ${typeof value === "object" ? "a list" : `a ${typeof value}`}`);
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Go's quoted text. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
