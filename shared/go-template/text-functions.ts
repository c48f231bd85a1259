/** Functions of templates that read or make texts. */
import { createHash } from "node:crypto";
import { templateFault } from "./lex.ts";
import { isList, isMap, quote, toNumber, toText, type Value } from "./value.ts";

export type TemplateFunction = (args: readonly Value[]) => Value;

/** No text grows beyond this by repetition. */
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

function indent(text: string, spaces: Value): string {
  const pad = " ".repeat(Math.min(1_000, whole(spaces)));
  return limited(text.replace(/^/gm, pad));
}

function trimSet(text: string, set: string): string {
  const isIn = (char: string | undefined) => char !== undefined && set.includes(char);
  let from = 0;
  let to = text.length;
  while (from < to && isIn(text[from])) from++;
  while (to > from && isIn(text[to - 1])) to--;
  return text.slice(from, to);
}

function pattern(source: Value, flags = ""): RegExp {
  try {
    return new RegExp(toText(source), flags);
  } catch {
    throw templateFault(`${JSON.stringify(source)} is no pattern`);
  }
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
  repeat: withText((text, count) => limited(text.repeat(Math.min(MAX_TEXT, Math.max(0, whole(count)))))),
  replace: withText((text, from, to) => limited(text.replaceAll(toText(from), () => toText(to)))),
  substr: ([from, to, text]) => toText(text).slice(Math.max(0, whole(from)), whole(to) < 0 ? undefined : whole(to)),
  indent: withText((text, spaces) => indent(text, spaces)),
  nindent: withText((text, spaces) => `\n${indent(text, spaces)}`),
  cat: (args) => args.map(toText).join(" "),
  b64enc: onText((text) => Buffer.from(text).toString("base64")),
  b64dec: onText((text) => Buffer.from(text, "base64").toString("utf8")),
  sha1sum: onText((text) => createHash("sha1").update(text).digest("hex")),
  sha256sum: onText((text) => createHash("sha256").update(text).digest("hex")),
  regexMatch: ([source, text]) => pattern(source).test(toText(text)),
  regexFind: ([source, text]) => pattern(source).exec(toText(text))?.[0] ?? "",
  regexReplaceAll: ([source, text, to]) =>
    limited(toText(text).replace(pattern(source, "g"), toText(to).replace(/\$\{(\w+)\}/g, "$$$1"))),
  splitList: ([separator, text]) => toText(text).split(toText(separator)),
  join: ([separator, items]) => (isList(items) ? items : [items]).map(toText).join(toText(separator)),
  toString: (args: readonly Value[]) => toText(args[0]),
  toStrings: ([value]) => list(value).map(toText),
  toJson: ([value]) => jsonOf(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
  toRawJson: ([value]) => jsonOf(value),
  toPrettyJson: ([value]) => jsonOf(value, 2),
  fromJson: onText(fromJson),
};
