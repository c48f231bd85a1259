/** Functions of templates: Go's own, and those of sprig for values, lists, maps, numbers and times. */
import type { Budget } from "./budget.ts";
import { formatGoTime } from "./go-time.ts";
import { templateFault } from "./lex.ts";
import { printf } from "./printf.ts";
import { jsonOf, limited, list, TEXT_FUNCTIONS, type TemplateFunction } from "./text-functions.ts";
import {
  compare,
  fieldOf,
  isEqual,
  isList,
  isMap,
  isTrue,
  printValue,
  toNumber,
  toText,
  type Value,
  type ValueMap,
} from "./value.ts";

function map(value: Value): ValueMap {
  if (!isMap(value)) throw templateFault(`${JSON.stringify(value)} is no map`);
  return value;
}

function whole(value: Value): number {
  return Math.trunc(toNumber(value));
}

function length(value: Value): number {
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (typeof value === "string") return Buffer.byteLength(value);
  throw templateFault("len of what has no length");
}

function index(args: readonly Value[]): Value {
  return args.slice(1).reduce<Value>((value, key) => {
    if (!isList(value)) return fieldOf(value, toText(key));
    const at = whole(key);
    if (at < 0 || at >= value.length) throw templateFault(`index ${at} is out of range`);
    return value[at];
  }, args[0]);
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** Blanks only between two values of which neither is a text. */
function print(args: readonly Value[]): string {
  const text = args.reduce<string>((before, value, at) => {
    const isApart = at > 0 && typeof value !== "string" && typeof args[at - 1] !== "string";
    return before + (isApart ? " " : "") + printValue(value);
  }, "");
  return limited(text);
}

function arithmetic(combine: (a: number, b: number) => number): TemplateFunction {
  return (args) => args.map(whole).reduce(combine);
}

function divide(combine: (a: number, b: number) => number): TemplateFunction {
  return arithmetic((a, b) => {
    if (b === 0) throw templateFault("division by zero");
    return Math.trunc(combine(a, b));
  });
}

const GO: Readonly<Record<string, TemplateFunction>> = {
  not: (args) => !isTrue(args[0]),
  eq: ([first, ...rest]) => rest.some((other) => isEqual(first, other)),
  ne: ([a, b]) => !isEqual(a, b),
  lt: ([a, b]) => compare(a, b) < 0,
  le: ([a, b]) => compare(a, b) <= 0,
  gt: ([a, b]) => compare(a, b) > 0,
  ge: ([a, b]) => compare(a, b) >= 0,
  len: ([value]) => length(value),
  index,
  slice: ([value, from, to]) => {
    if (typeof value === "string") return value.slice(whole(from), to === undefined ? undefined : whole(to));
    return list(value).slice(whole(from), to === undefined ? undefined : whole(to));
  },
  print,
  println: (args) => `${args.map(printValue).join(" ")}\n`,
  printf: ([format, ...args], budget) => limited(printf(toText(format), args, budget)),
  html: (args) => escapeHtml(args.map(toText).join("")),
  js: (args) => jsonOf(args.map(toText).join("")).slice(1, -1),
  urlquery: (args) => encodeURIComponent(args.map(toText).join("")).replaceAll("%20", "+"),
};

const VALUES: Readonly<Record<string, TemplateFunction>> = {
  default: ([fallback, value]) => (isTrue(value) ? value : fallback),
  empty: ([value]) => !isTrue(value),
  coalesce: (args) => args.find(isTrue),
  ternary: ([yes, no, test]) => (isTrue(test) ? yes : no),
  fail: ([message]) => {
    throw templateFault(toText(message));
  },
  list: (args) => args,
  first: ([value]) => list(value)[0],
  last: ([value]) => list(value).at(-1),
  rest: ([value]) => list(value).slice(1),
  initial: ([value]) => list(value).slice(0, -1),
  has: ([item, value]) => list(value).includes(item),
  uniq: ([value]) => [...new Set(list(value))],
  sortAlpha: ([value]) => list(value).map(toText).sort(),
  reverse: ([value]) => [...list(value)].reverse(),
  append: ([value, item]) => [...list(value), item],
  compact: ([value]) => list(value).filter(isTrue),
  dict: (args) =>
    Object.fromEntries(args.flatMap((key, at) => (at % 2 === 0 ? [[toText(key), args[at + 1] ?? ""]] : []))),
  get: ([from, key]) => (Object.hasOwn(map(from), toText(key)) ? fieldOf(from, toText(key)) : ""),
  hasKey: ([from, key]) => Object.hasOwn(map(from), toText(key)),
  keys: ([from]) => Object.keys(map(from)).sort(),
  values: ([from]) => Object.values(map(from)),
  kindOf: ([value]) =>
    isList(value) ? "slice" : isMap(value) ? "map" : typeof value === "boolean" ? "bool" : typeof value,
};

const NUMBERS: Readonly<Record<string, TemplateFunction>> = {
  int: ([value]) => whole(value),
  int64: ([value]) => whole(value),
  float64: ([value]) => toNumber(value),
  atoi: ([value]) => whole(value),
  add: arithmetic((a, b) => a + b),
  add1: ([value]) => whole(value) + 1,
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: divide((a, b) => a / b),
  mod: divide((a, b) => a % b),
  max: arithmetic((a, b) => Math.max(a, b)),
  min: arithmetic((a, b) => Math.min(a, b)),
  floor: ([value]) => Math.floor(toNumber(value)),
  ceil: ([value]) => Math.ceil(toNumber(value)),
  round: ([value, digits]) => round(toNumber(value), whole(digits)),
};

/** To find out what clocks of a zone show takes as long as ten thousand characters of other work, and each part of a layout some. */
const ZONE_WORK = 10_000;
const PART_WORK = 40;

/** Functions of time; `now` is given by the caller. */
function timeFunctions(now: Date): Readonly<Record<string, TemplateFunction>> {
  const timeOf = (value: Value): Date => {
    const time = typeof value === "number" ? new Date(value * 1_000) : new Date(toText(value));
    if (Number.isNaN(time.getTime())) throw templateFault(`${JSON.stringify(value)} is no time`);
    return time;
  };
  const format = (value: Value, layout: string, zone: string, budget: Budget): string => {
    budget.spend(ZONE_WORK + layout.length * PART_WORK);
    return formatGoTime(timeOf(value), layout, zone);
  };
  return {
    now: () => now.toISOString(),
    date: ([layout, value], budget) => format(value, toText(layout), "UTC", budget),
    dateInZone: ([layout, value, zone], budget) => format(value, toText(layout), toText(zone), budget),
    htmlDate: ([value], budget) => format(value, "2006-01-02", "UTC", budget),
    unixEpoch: ([value]) => String(Math.floor(timeOf(value).getTime() / 1_000)),
  };
}

/** All functions but `and` and `or`, which don't look at all their arguments. */
export function templateFunctions(now: Date): ReadonlyMap<string, TemplateFunction> {
  return new Map(Object.entries({ ...GO, ...TEXT_FUNCTIONS, ...VALUES, ...NUMBERS, ...timeFunctions(now) }));
}
