/** Reading of JSON whose shape nobody promised: the only way from `unknown` to something typed. */

/** Whether the value is a JSON object (not null, not a list). */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By a list of keys: handing them on one by one would make a list anew at each step, hundreds of times in one review. */
function follow(value: unknown, keys: readonly string[]): unknown {
  let at = value;
  for (const key of keys) {
    if (!isJsonObject(at)) return undefined;
    at = at[key];
  }
  return at;
}

/** The value under the keys, or undefined when the way there ends early. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  return follow(value, keys);
}

/** The text under the keys, or undefined when there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = follow(value, keys);
  return typeof found === "string" ? found : undefined;
}

/** The finite number under the keys, or undefined when there is none. */
export function numberAt(value: unknown, ...keys: readonly string[]): number | undefined {
  const found = follow(value, keys);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

/** The list under the keys; empty when there is none. */
export function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = follow(value, keys);
  return Array.isArray(found) ? found : NO_ITEMS;
}

const NO_ITEMS: readonly unknown[] = [];

/** Reads JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
