/** Parsers of our kinds: untrusted value in, typed and readonly value out. Defaults are not filled in. */
import type * as Type from "typebox/type";
import { UserError } from "../errors.ts";
import { isJsonObject } from "../json/value.ts";
import type { KindEntry } from "./kinds.ts";
import type { SchemaNode, Value } from "./schema.ts";
import { checkValue, type FieldProblem, formatProblem } from "./schema-check.ts";

export type Parser<T> = (value: unknown) => T;

/** More than this would hide the message's point. */
const MAX_SHOWN_PROBLEMS = 5;

/**
 * Makes the parser of one kind.
 *
 * @returns a function that gives back its argument, typed; fields that the schema doesn't name stay in it
 * @throws UserError INVALID_OBJECT naming each wrong field, what was found there and what is expected
 */
export function parserOf<const Schema extends Type.TSchema & SchemaNode>(
  entry: KindEntry,
  schema: Schema,
): Parser<Value<Schema>> {
  return readerOf(schema, (value) => describeObject(entry, value));
}

/**
 * As parserOf(), for values that are no objects of the API server.
 *
 * @param describe names the value in messages
 */
export function readerOf<const Schema extends Type.TSchema & SchemaNode>(
  schema: Schema,
  describe: (value: unknown) => string,
): Parser<Value<Schema>> {
  return (value) => {
    const checked = checkValue(schema, value);
    if (isConforming<Schema>(checked.value, checked.problems)) return checked.value;
    const shown = checked.problems.slice(0, MAX_SHOWN_PROBLEMS).map(formatProblem);
    const hidden = checked.problems.length - shown.length;
    if (hidden > 0) shown.push(`and ${hidden} more`);
    throw new UserError("INVALID_OBJECT", `${describe(value)}: ${shown.join("; ")}`);
  };
}

function isConforming<Schema extends Type.TSchema>(
  value: unknown,
  problems: readonly FieldProblem[],
): value is Value<Schema> {
  return value !== undefined && problems.length === 0;
}

/** `BackupBatch demo/nightly`, as far as the value tells. */
function describeObject(entry: KindEntry, value: unknown): string {
  const metadata = isJsonObject(value) && isJsonObject(value["metadata"]) ? value["metadata"] : {};
  const { namespace, name } = metadata;
  if (typeof name !== "string" || name === "") return entry.kind;
  return typeof namespace === "string" && entry.namespaced
    ? `${entry.kind} ${namespace}/${name}`
    : `${entry.kind} ${name}`;
}
