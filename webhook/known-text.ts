/** JSON text of values that go into many answers: writing a container anew takes longer than deciding on it. */

/** Undefined until it is asked for. */
const texts = new WeakMap<object, string | undefined>();

/** Marks a value that never changes and is given again and again. */
export function keepText<T extends object>(value: T): T {
  if (!texts.has(value)) texts.set(value, undefined);
  return value;
}

/** `JSON.stringify` of a JSON value, from memory where it is marked. */
export function toText(value: unknown): string {
  if (typeof value !== "object" || value === null || !texts.has(value)) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}
