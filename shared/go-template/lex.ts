/** Cuts a template into text and actions, and an action into tokens. */
import { UserError } from "../errors.ts";

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly source: string };

export type Token =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  /** `.A.B`; the lone dot has no names. */
  | { readonly kind: "field"; readonly names: readonly string[] }
  /** `$x.A.B`; the lone dollar has the empty name. */
  | { readonly kind: "variable"; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "mark"; readonly mark: "|" | "(" | ")" | ":=" | "=" | "," };

/** A message may quote the template, which can be long. */
const MAX_MESSAGE_LENGTH = 300;

/** The one error of templates: says what is wrong and where. */
export function templateFault(message: string): UserError {
  const shown = message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}...` : message;
  return new UserError("INVALID_OBJECT", `template: ${shown}`, { next: "Correct the template of the hook." });
}

/** End of an action that starts behind `{{`: the first `}}` outside of quotes and comments. */
function actionEnd(source: string, from: number): number {
  const comment = /^-?\s*\/\*/.exec(source.slice(from));
  if (comment !== null) {
    const end = source.indexOf("*/", from);
    return end < 0 ? -1 : source.indexOf("}}", end);
  }
  let quote = "";
  for (let at = from; at < source.length; at++) {
    const char = source[at] ?? "";
    if (quote === "") {
      if (char === '"' || char === "`" || char === "'") quote = char;
      else if (source.startsWith("}}", at)) return at;
    } else if (char === "\\" && quote !== "`") at++;
    else if (char === quote) quote = "";
  }
  return -1;
}

/**
 * Text and actions in order; white space that `{{-` and `-}}` take is gone, and so are comments.
 *
 * @throws UserError INVALID_OBJECT when an action has no end
 */
export function splitTemplate(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    let text = open < 0 ? source.slice(at) : source.slice(at, open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      pieces.push({ kind: "text", text });
      break;
    }
    const end = actionEnd(source, open + 2);
    if (end < 0) throw templateFault(`action ${JSON.stringify(source.slice(open, open + 30))} has no end`);
    let action = source.slice(open + 2, end);
    if (/^-\s/.test(action)) {
      text = text.trimEnd();
      action = action.slice(1);
    }
    trimNext = /\s-$/.test(action);
    if (trimNext) action = action.slice(0, -1);
    pieces.push({ kind: "text", text });
    action = action.trim();
    if (!action.startsWith("/*")) pieces.push({ kind: "action", source: action });
    at = end + 2;
  }
  return pieces;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** Go's interpreted string, without its quotes. */
function unquote(body: string): string {
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_all, x?: string, u?: string, long?: string, octal?: string, single?: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      const known = ESCAPES[single ?? ""];
      if (known === undefined) throw templateFault(`unknown escape \\${single}`);
      return known;
    },
  );
}

const TOKENS: readonly (readonly [RegExp, (match: RegExpExecArray) => Token | undefined])[] = [
  [/\s+/y, () => undefined],
  [/"((?:[^"\\]|\\.)*)"/sy, (m) => ({ kind: "string", value: unquote(m[1] ?? "") })],
  [/`([^`]*)`/y, (m) => ({ kind: "string", value: m[1] ?? "" })],
  [/'((?:[^'\\]|\\.)+)'/y, (m) => ({ kind: "number", value: unquote(m[1] ?? "").codePointAt(0) ?? 0 })],
  [/[+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)/y, (m) => ({ kind: "number", value: Number(m[0]) })],
  [/(?:\.[A-Za-z_]\w*)+/y, (m) => ({ kind: "field", names: m[0].slice(1).split(".") })],
  [/\./y, () => ({ kind: "field", names: [] })],
  [
    /\$(\w*)((?:\.[A-Za-z_]\w*)*)/y,
    (m) => ({ kind: "variable", name: m[1] ?? "", names: m[2] ? m[2].slice(1).split(".") : [] }),
  ],
  [/[A-Za-z_]\w*/y, (m) => ({ kind: "word", word: m[0] })],
  [/:=/y, () => ({ kind: "mark", mark: ":=" })],
  [/\|/y, () => ({ kind: "mark", mark: "|" })],
  [/\(/y, () => ({ kind: "mark", mark: "(" })],
  [/\)/y, () => ({ kind: "mark", mark: ")" })],
  [/=/y, () => ({ kind: "mark", mark: "=" })],
  [/,/y, () => ({ kind: "mark", mark: "," })],
];

/** @throws UserError INVALID_OBJECT at what is no token */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const from = at;
    for (const [pattern, read] of TOKENS) {
      pattern.lastIndex = at;
      const match = pattern.exec(source);
      if (match === null) continue;
      const token = read(match);
      if (token !== undefined) tokens.push(token);
      at = pattern.lastIndex;
      break;
    }
    if (at === from) throw templateFault(`unexpected ${JSON.stringify(source.slice(at, at + 10))} in {{${source}}}`);
  }
  return tokens;
}
