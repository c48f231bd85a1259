/**
 * Checks of what the API server sent, made by hand because the agent loads no schema library. A check narrows the value
 * in place, so that fields which we don't know stay as they came.
 */
import { UserError } from "../../shared/errors.ts";

/** Throws UserError INVALID_OBJECT naming the field unless the value is a T. */
export type Check<T> = (value: unknown, field: string) => asserts value is T;

/** What a check lets through. */
export type Checked<C> = C extends Check<infer T> ? T : never;

type OptionalKeys<S> = { [K in keyof S]: undefined extends Checked<S[K]> ? K : never }[keyof S];

/** What an object is when each of its fields passed the check of its name. */
export type Shape<S> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Checked<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: Exclude<Checked<S[K]>, undefined>;
};

function fault(field: string, wanted: string, value: unknown): UserError {
  const found = JSON.stringify(value)?.slice(0, 60) ?? "nothing";
  return new UserError("INVALID_OBJECT", `${field} should be ${wanted}, not ${found}`);
}

export const text: Check<string> = (value, field) => {
  if (typeof value !== "string") throw fault(field, "text", value);
};

export const number: Check<number> = (value, field) => {
  if (typeof value !== "number") throw fault(field, "a number", value);
};

export const flag: Check<boolean> = (value, field) => {
  if (typeof value !== "boolean") throw fault(field, "true or false", value);
};

export const portNumber: Check<number | string> = (value, field) => {
  if (typeof value !== "number" && typeof value !== "string") throw fault(field, "a port", value);
};

/** One of the values of a closed list. */
export function oneOf<const T extends string>(list: Readonly<Record<string, T>>): Check<T> {
  const values: readonly string[] = Object.values(list);
  return (value, field) => {
    if (typeof value !== "string" || !values.includes(value)) throw fault(field, `one of ${values.join(", ")}`, value);
  };
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  const inner: Check<T> = check;
  return (value, field) => {
    if (value !== undefined) inner(value, field);
  };
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  const inner: Check<T> = check;
  return (value, field) => {
    if (!Array.isArray(value)) throw fault(field, "a list", value);
    for (const [index, item] of value.entries()) inner(item, `${field}[${index}]`);
  };
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function shape<const S extends Readonly<Record<string, Check<never>>>>(fields: S): Check<Shape<S>> {
  const checks: readonly (readonly [string, Check<unknown>])[] = Object.entries(fields);
  return (value, field) => {
    if (!isObject(value)) throw fault(field, "an object", value);
    for (const [name, check] of checks) {
      const inner: Check<unknown> = check;
      inner(value[name], field === "" ? name : `${field}.${name}`);
    }
  };
}

/** The value as what the check says it is. @throws UserError INVALID_OBJECT naming the field */
export function parse<T>(check: Check<T>, value: unknown, field = ""): T {
  const inner: Check<T> = check;
  inner(value, field);
  return value;
}
