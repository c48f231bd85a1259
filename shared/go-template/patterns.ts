/**
 * Patterns of templates, with the syntax and the meaning of RE2 as in Go, in time linear in the text. JavaScript's own
 * patterns go back on their way, which takes for ever with some texts.
 */
import { RE2JS } from "re2js";
import type { Budget } from "./budget.ts";
import { templateFault } from "./lex.ts";

/** Longer than any that a person writes; compiling takes its time too. */
const MAX_PATTERN_LENGTH = 1_000;
/** Work of compiling: of any pattern, and of each step that it is compiled to. */
const COMPILE_WORK = 5_000;
const COMPILE_WORK_PER_STEP = 20;

function compile(source: string, budget: Budget): RE2JS {
  if (source.length > MAX_PATTERN_LENGTH)
    throw templateFault(`a pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  budget.spend(COMPILE_WORK);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch {
    throw templateFault(`${JSON.stringify(source)} is no pattern`);
  }
  budget.spend(COMPILE_WORK_PER_STEP * compiled.programSize());
  return compiled;
}

/** At worst each step is tried at each character. */
function searchWork(pattern: RE2JS, length: number): number {
  return pattern.programSize() * (length + 1);
}

/** @throws UserError INVALID_OBJECT when it is no pattern, or costs too much */
export function matchesPattern(source: string, text: string, budget: Budget): boolean {
  const pattern = compile(source, budget);
  budget.spend(searchWork(pattern, text.length));
  return pattern.matcher(text).find();
}

/** The first match, else the empty text. @throws UserError INVALID_OBJECT as `matchesPattern` */
export function findPattern(source: string, text: string, budget: Budget): string {
  const pattern = compile(source, budget);
  budget.spend(searchWork(pattern, text.length));
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group() ?? "") : "";
}

/** `$name` and `${name}`, by number or by name; `$$` is a dollar sign. */
const REFERENCE = /\$(?:\$|(\w+)|\{(\w+)\})/g;

/**
 * Replaces all matches, as Go's `ReplaceAllString`.
 *
 * @param replacement may name groups of the pattern; those that are not there are empty
 * @throws UserError INVALID_OBJECT as `matchesPattern`
 */
export function replacePattern(source: string, text: string, replacement: string, budget: Budget): string {
  const pattern = compile(source, budget);
  const names = pattern.namedGroups();
  const matcher = pattern.matcher(text);
  const expand = (): string =>
    replacement.replace(REFERENCE, (all: string, bare?: string, braced?: string) => {
      const name = bare ?? braced;
      if (name === undefined) return all.slice(1);
      const group = /^\d+$/.test(name) ? Number(name) : names[name];
      if (group === undefined || group > pattern.groupCount()) return "";
      return matcher.group(group) ?? "";
    });
  let result = "";
  let copied = 0;
  let isFirst = true;
  const find = (from: number): boolean => {
    budget.spend(searchWork(pattern, text.length - from));
    return matcher.find();
  };
  for (let from = 0; from <= text.length && find(from); from = Math.max(matcher.end(), matcher.start() + 1)) {
    const [start, end] = [matcher.start(), matcher.end()];
    // Nothing right behind a match is no match of its own.
    if (start === end && start === copied && !isFirst) continue;
    const expanded = expand();
    budget.spend(expanded.length);
    result += text.slice(copied, start) + expanded;
    copied = end;
    isFirst = false;
  }
  return result + text.slice(copied);
}
