/**
 * Compares a value with a schema in one walk over both. Nothing is compiled, so an agent pays for what it reads and not
 * for what it imports. Unknown fields stay. A null in an optional field or a map counts as absent, as in the API server.
 */
import { isJsonObject } from "../json/value.ts";
import { DURATION_PATTERN, QUANTITY_PATTERN, type SchemaNode } from "./schema.ts";

export interface FieldProblem {
  /** Such as `spec.members[1].target.ref.kind`; empty for the whole value. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

export interface CheckedValue {
  /** The value itself, or a copy without nulls where there were any. */
  readonly value: unknown;
  /** In the schema's order; empty when the value conforms. */
  readonly problems: readonly FieldProblem[];
}

/** More than anybody corrects at once; a list of a thousand wrong items is given up early. */
const MAX_PROBLEMS = 100;

/** Enough of a found text to recognise it, not enough to flood a message. */
const SHOWN_TEXT_LENGTH = 60;

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

interface Walk {
  readonly keys: (string | number)[];
  readonly problems: FieldProblem[];
}

export function checkValue(schema: SchemaNode, value: unknown): CheckedValue {
  const walk: Walk = { keys: [], problems: [] };
  return { value: visit(schema, value, walk), problems: walk.problems };
}

export function formatProblem(problem: FieldProblem): string {
  const where = problem.path === "" ? "" : `${problem.path}: `;
  return `${where}expected ${problem.expected}, found ${problem.found}`;
}

function visit(node: SchemaNode, value: unknown, walk: Walk): unknown {
  if (walk.problems.length >= MAX_PROBLEMS) return value;
  if (node["x-kubernetes-int-or-string"] === true) {
    if (typeof value === "string") checkText(node, value, walk);
    else if (!Number.isInteger(value)) report(walk, nameExpected(node), nameType(value));
    return value;
  }
  switch (node.type) {
    case "object":
      return visitObject(node, value, walk);
    case "array":
      return visitArray(node, value, walk);
    case "string":
      if (typeof value === "string") checkText(node, value, walk);
      else report(walk, nameExpected(node), nameType(value));
      return value;
    case "integer":
    case "number":
      if (typeof value === "number" && (node.type === "number" || Number.isInteger(value))) {
        checkBounds(node, value, walk);
      } else report(walk, nameExpected(node), nameType(value));
      return value;
    case "boolean":
      if (typeof value !== "boolean") report(walk, nameExpected(node), nameType(value));
      return value;
    default:
      return value;
  }
}

function visitObject(node: SchemaNode, value: unknown, walk: Walk): unknown {
  if (!isJsonObject(value)) {
    report(walk, nameExpected(node), nameType(value));
    return value;
  }
  let copy: Record<string, unknown> | undefined;
  const replace = (key: string, field: unknown) => {
    if (field === value[key]) return;
    copy ??= { ...value };
    if (field === undefined) delete copy[key];
    else copy[key] = field;
  };
  const { properties = {}, required, additionalProperties } = node;
  for (const key in properties) {
    const child = properties[key];
    if (child === undefined) continue;
    const field = Object.hasOwn(value, key) ? value[key] : undefined;
    if (field !== undefined && field !== null) replace(key, visitAt(key, child, field, walk));
    else if (required?.includes(key)) reportAt(key, walk, nameExpected(child), nameType(field));
    else if (field === null) replace(key, undefined);
  }
  if (additionalProperties !== undefined) {
    for (const [key, field] of Object.entries(value)) {
      replace(key, field === null ? undefined : visitAt(key, additionalProperties, field, walk));
    }
  }
  return copy ?? value;
}

function visitArray(node: SchemaNode, value: unknown, walk: Walk): unknown {
  if (!Array.isArray(value)) {
    report(walk, nameExpected(node), nameType(value));
    return value;
  }
  const { items: itemNode, maxItems } = node;
  if (maxItems !== undefined && value.length > maxItems) {
    report(walk, `at most ${maxItems} items`, `${value.length}`);
    return value;
  }
  if (itemNode === undefined) return value;
  const items: readonly unknown[] = value;
  const results = items.map((item, index) => visitAt(index, itemNode, item, walk));
  return results.some((result, index) => result !== items[index]) ? results : items;
}

function visitAt(key: string | number, node: SchemaNode, value: unknown, walk: Walk): unknown {
  walk.keys.push(key);
  const result = visit(node, value, walk);
  walk.keys.pop();
  return result;
}

function checkText(node: SchemaNode, value: string, walk: Walk): void {
  // First of all: whatever else is looked for takes the longer, the longer the text is.
  if (node.maxLength !== undefined && value.length > node.maxLength && !fits(value, node.maxLength)) {
    report(walk, `at most ${node.maxLength} characters`, `${value.length}`);
    return;
  }
  const isAllowed =
    (node.enum === undefined || node.enum.includes(value)) &&
    (node.pattern === undefined || regExpOf(node.pattern).test(value)) &&
    (node.format !== "date-time" || (RFC3339.test(value) && !Number.isNaN(Date.parse(value))));
  if (isAllowed) return;
  const shown = value.length > SHOWN_TEXT_LENGTH ? `${value.slice(0, SHOWN_TEXT_LENGTH)}...` : value;
  report(walk, nameExpected(node), JSON.stringify(shown));
}

/** The API server counts code points, of which some are two of the characters that JavaScript counts. */
function fits(value: string, maxLength: number): boolean {
  return value.length <= 2 * maxLength && [...value].length <= maxLength;
}

function checkBounds({ minimum, maximum }: SchemaNode, value: number, walk: Walk): void {
  if (minimum !== undefined && value < minimum) report(walk, `at least ${minimum}`, String(value));
  if (maximum !== undefined && value > maximum) report(walk, `at most ${maximum}`, String(value));
}

const regExps = new Map<string, RegExp>();

function regExpOf(pattern: string): RegExp {
  let regExp = regExps.get(pattern);
  if (regExp === undefined) {
    regExp = new RegExp(pattern, "u");
    regExps.set(pattern, regExp);
  }
  return regExp;
}

function report(walk: Walk, expected: string, found: string): void {
  walk.problems.push({ path: formatPath(walk.keys), expected, found });
}

function reportAt(key: string, walk: Walk, expected: string, found: string): void {
  walk.keys.push(key);
  report(walk, expected, found);
  walk.keys.pop();
}

function formatPath(keys: readonly (string | number)[]): string {
  return keys
    .map((key, depth) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^\w+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return depth === 0 ? key : `.${key}`;
    })
    .join("");
}

function nameExpected(node: SchemaNode): string {
  if (node.enum !== undefined) {
    const choices = node.enum.map((choice) => JSON.stringify(choice)).join(", ");
    return node.enum.length === 1 ? choices : `one of ${choices}`;
  }
  if (node.pattern === DURATION_PATTERN) return "a duration such as 1h30m";
  if (node.pattern === QUANTITY_PATTERN) return "a quantity such as 500m or 2Gi";
  if (node.format === "date-time") return "a time such as 2024-05-01T22:00:00Z";
  if (node["x-kubernetes-int-or-string"] === true) return "a whole number or text";
  return TYPE_NAMES[node.type ?? ""] ?? "a value";
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

/** The type alone: where the type is wrong the value may be anything, a password too. */
function nameType(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return Number.isInteger(value) ? "a whole number" : "a number with a fraction";
    case "boolean":
      return "true or false";
    default:
      return "an object";
  }
}
