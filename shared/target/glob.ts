/**
 * Globs of references to variables: `*`, `?`, and a backslash before what stands for itself. Patterns and values come from
 * users, so matching takes a time that is linear in the value.
 */
import { RE2JS } from "re2js";
import { UserError } from "../errors.ts";

/** Longer than any that a person writes. */
const MAX_GLOB_LENGTH = 256;
const MAX_VALUE_LENGTH = 65_536;
const MAX_RESULT_LENGTH = 1_000_000;

/** One character, or one of the two wildcards. */
type Part = { readonly literal: string } | "any" | "star";

function partsOf(glob: string): readonly Part[] {
  const parts: Part[] = [];
  const characters = [...glob];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    const next = characters[at + 1];
    if (character === "*") parts.push("star");
    else if (character === "?") parts.push("any");
    else if (character === "\\" && next !== undefined) {
      parts.push({ literal: next });
      at++;
    } else parts.push({ literal: character });
  }
  return parts;
}

function compile(parts: readonly Part[], stars: "longest" | "shortest", before = "", after = ""): RE2JS {
  const star = stars === "longest" ? "(?s:.)*" : "(?s:.)*?";
  const source = parts.map((part) => (part === "star" ? star : part === "any" ? "(?s:.)" : RE2JS.quote(part.literal)));
  return RE2JS.compile(`${before}(?:${source.join("")})${after}`);
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

/** @throws UserError INVALID_OBJECT when one of them is too long to be matched */
function checkLengths(value: string, glob: string): void {
  if (glob.length <= MAX_GLOB_LENGTH && value.length <= MAX_VALUE_LENGTH) return;
  const what = glob.length > MAX_GLOB_LENGTH ? `a glob of ${glob.length}` : `a value of ${value.length}`;
  throw new UserError("INVALID_OBJECT", `${what} characters is too long to be matched`, {
    next: `Write globs of at most ${MAX_GLOB_LENGTH} characters, for values of at most ${MAX_VALUE_LENGTH}.`,
  });
}

/**
 * Takes the shortest or longest match away from one end.
 *
 * @param operator `#`, `##` (start), `%` or `%%` (end); doubled for the longest match
 * @throws UserError INVALID_OBJECT when value or glob is too long
 */
export function stripMatch(value: string, operator: string, glob: string): string {
  checkLengths(value, glob);
  const stars = operator.length === 2 ? "longest" : "shortest";
  const isStart = operator.startsWith("#");
  // The end of a text is the start of the text read backwards.
  const parts = isStart ? partsOf(glob) : partsOf(glob).toReversed();
  const matcher = compile(parts, stars, "^").matcher(isStart ? value : reversed(value));
  if (!matcher.find()) return value;
  return isStart ? value.slice(matcher.end()) : value.slice(0, value.length - matcher.end());
}

/**
 * Replaces matches.
 *
 * @param operator `/` (the first), `//` (all), `/#` (at the start) or `/%` (at the end)
 * @param operand glob, and after a slash what comes in its place
 * @throws UserError INVALID_OBJECT when value or glob is too long
 */
export function replaceMatch(value: string, operator: string, operand: string): string {
  const slash = operand.indexOf("/");
  const glob = slash < 0 ? operand : operand.slice(0, slash);
  const replacement = slash < 0 ? "" : operand.slice(slash + 1);
  if (glob === "") return value;
  checkLengths(value, glob);
  const pattern = compile(partsOf(glob), "longest", operator === "/#" ? "^" : "", operator === "/%" ? "$" : "");
  const matcher = pattern.matcher(value);
  let result = "";
  let copied = 0;
  while (matcher.find()) {
    result += value.slice(copied, matcher.start()) + replacement;
    copied = matcher.end();
    if (result.length > MAX_RESULT_LENGTH) {
      throw new UserError("INVALID_OBJECT", "what a reference to a variable replaces becomes too long");
    }
    if (operator !== "//") break;
  }
  return result + value.slice(copied);
}
