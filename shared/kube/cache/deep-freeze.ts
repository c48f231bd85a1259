/** Makes shared objects safe from their readers. */

/** Freezes a JSON value through and through; a later write to it throws. @returns the same value */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
