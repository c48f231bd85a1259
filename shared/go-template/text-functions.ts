/** Functions of templates that read or make texts. */
import { createHash } from "node:crypto";
import type { Budget } from "./budget.ts";
import { templateFault } from "./lex.ts";
import { findPattern, matchesPattern, replacePattern } from "./patterns.ts";
import { isList, isMap, quote, toNumber, toText, type Value } from "./value.ts";

/** What it is given and what it makes is paid for by the caller; the budget is for what takes more than both. */
export type TemplateFunction = (args: readonly Value[], budget: Budget) => Value;

/** No text grows beyond this. */
const MAX_TEXT = 1_000_000;

/** @throws UserError INVALID_OBJECT when the text is too long */
export function limited(text: string): string {
  if (text.length > MAX_TEXT) throw templateFault("the text becomes too long");
  return text;
}

/** Nothing is the empty list. @throws UserError INVALID_OBJECT when it is no list */
export function list(value: Value): readonly Value[] {
  if (value === null || value === undefined) return [];
  if (!isList(value)) throw templateFault(`${JSON.stringify(value)} is no list`);
  return value;
}

function whole(value: Value): number {
  return Math.trunc(toNumber(value));
}

/** Text functions of one argument; the piped one. */
function onText(change: (text: string) => Value): TemplateFunction {
  return (args) => change(toText(args[0]));
}

/** Text functions whose last argument is the piped text. */
function withText(change: (text: string, ...rest: readonly Value[]) => Value): TemplateFunction {
  return (args) => change(toText(args.at(-1)), ...args.slice(0, -1));
}

function indent(text: string, spaces: Value, budget: Budget): string {
  const pad = " ".repeat(Math.min(1_000, Math.max(0, whole(spaces))));
  const lines = text.split("\n");
  budget.spend(lines.length * pad.length);
  return limited(pad + lines.join(`\n${pad}`));
}

function repeat(text: string, count: Value, budget: Budget): string {
  const times = Math.max(0, whole(count));
  budget.spend(text.length * times);
  return limited(text.repeat(times));
}

function replace(text: string, from: string, to: string, budget: Budget): string {
  const parts = text.split(from);
  budget.spend(parts.length * to.length);
  return limited(parts.join(to));
}

function join(separator: string, texts: readonly string[], budget: Budget): string {
  budget.spend(separator.length * texts.length);
  return limited(texts.join(separator));
}

function trimSet(text: string, set: string): string {
  const isIn = (char: string | undefined) => char !== undefined && set.includes(char);
  let from = 0;
  let to = text.length;
  while (from < to && isIn(text[from])) from++;
  while (to > from && isIn(text[to - 1])) to--;
  return text.slice(from, to);
}

/** Keys in order, as Go writes a map. */
function ordered(value: Value): Value {
  if (isList(value)) return value.map(ordered);
  if (!isMap(value)) return value ?? null;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key])]),
  );
}

export function jsonOf(value: Value, spaces?: number): string {
  return JSON.stringify(ordered(value), undefined, spaces);
}

function fromJson(text: string): Value {
  try {
    return JSON.parse(text);
  } catch {
    throw templateFault("fromJson: the text is no JSON");
  }
}

export const TEXT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  upper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  title: onText((text) => text.replace(/(^|\s)\S/g, (start) => start.toUpperCase())),
  untitle: onText((text) => text.replace(/(^|\s)\S/g, (start) => start.toLowerCase())),
  trim: onText((text) => text.trim()),
  nospace: onText((text) => text.replace(/\s/g, "")),
  quote: (args) =>
    args
      .filter((value) => value !== null && value !== undefined)
      .map((v) => quote(toText(v)))
      .join(" "),
  squote: (args) => args.map((value) => `'${toText(value)}'`).join(" "),
  trimAll: withText((text, set) => trimSet(text, toText(set))),
  trimSuffix: withText((text, end) =>
    text.endsWith(toText(end)) ? text.slice(0, text.length - toText(end).length) : text,
  ),
  trimPrefix: withText((text, start) => (text.startsWith(toText(start)) ? text.slice(toText(start).length) : text)),
  trunc: withText((text, count) => (whole(count) < 0 ? text.slice(whole(count)) : text.slice(0, whole(count)))),
  abbrev: withText((text, count) =>
    text.length <= whole(count) ? text : `${text.slice(0, Math.max(0, whole(count) - 3))}...`,
  ),
  contains: withText((text, part) => text.includes(toText(part))),
  hasPrefix: withText((text, start) => text.startsWith(toText(start))),
  hasSuffix: withText((text, end) => text.endsWith(toText(end))),
  repeat: ([count, text], budget) => repeat(toText(text), count, budget),
  replace: ([from, to, text], budget) => replace(toText(text), toText(from), toText(to), budget),
  substr: ([from, to, text]) => toText(text).slice(Math.max(0, whole(from)), whole(to) < 0 ? undefined : whole(to)),
  indent: ([spaces, text], budget) => indent(toText(text), spaces, budget),
  nindent: ([spaces, text], budget) => `\n${indent(toText(text), spaces, budget)}`,
  cat: (args) => args.map(toText).join(" "),
  b64enc: onText((text) => Buffer.from(text).toString("base64")),
  b64dec: onText((text) => Buffer.from(text, "base64").toString("utf8")),
  sha1sum: onText((text) => createHash("sha1").update(text).digest("hex")),
  sha256sum: onText((text) => createHash("sha256").update(text).digest("hex")),
  regexMatch: ([source, text], budget) => matchesPattern(toText(source), toText(text), budget),
  regexFind: ([source, text], budget) => findPattern(toText(source), toText(text), budget),
  regexReplaceAll: ([source, text, to], budget) =>
    limited(replacePattern(toText(source), toText(text), toText(to), budget)),
  splitList: ([separator, text]) => toText(text).split(toText(separator)),
  join: ([separator, items], budget) => join(toText(separator), (isList(items) ? items : [items]).map(toText), budget),
  toString: (args: readonly Value[]) => toText(args[0]),
  toStrings: ([value]) => list(value).map(toText),
  toJson: ([value]) => jsonOf(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
  toRawJson: ([value]) => jsonOf(value),
  toPrettyJson: ([value]) => jsonOf(value, 2),
  fromJson: onText(fromJson),
};
