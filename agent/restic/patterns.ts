/**
 * What restic's include and exclude patterns select, told before restic writes anything. Its rules: a pattern is matched part
 * by part, as Go's filepath.Match does; `**` stands for any number of parts; a pattern that begins with a slash begins at the
 * root, any other anywhere; what lies below a match is matched too. A pattern with `**` of more than one part beyond those of the
 * path matches nothing, though each `**` may stand for no part. Pure.
 */
import { readArguments } from "../../shared/repository/restic-flags.ts";

/** Options whose patterns are in files, or ignore case: restic alone knows what they select. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  "iinclude",
  "iexclude",
  "include-file",
  "exclude-file",
  "iinclude-file",
  "iexclude-file",
]);

export interface Patterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/**
 * Those of a rule and those among further arguments.
 *
 * @returns undefined when only restic can tell what is selected
 */
export function allPatterns(rule: Patterns, args: readonly string[]): Patterns | undefined {
  const found = { include: [...rule.include], exclude: [...rule.exclude] };
  for (const { name, value } of readArguments(args, "restore").options) {
    if (OTHER_NAMES.has(name)) return undefined;
    if (name === "include" || name === "exclude") found[name].push(value);
  }
  // Negated ones depend on the order among all of them.
  return [...found.include, ...found.exclude].some((pattern) => pattern.startsWith("!")) ? undefined : found;
}

/** Whether the user says which files are restored. */
export function hasPatterns({ include, exclude }: Patterns, args: readonly string[]): boolean {
  const isOne = (name: string) => name === "include" || name === "exclude" || OTHER_NAMES.has(name);
  return (
    include.length > 0 || exclude.length > 0 || readArguments(args, "restore").options.some(({ name }) => isOne(name))
  );
}

/** Whether a path is restored: one of the includes matches, where there are some; none of the excludes does. */
export function createSelection({ include, exclude }: Patterns): (path: string) => boolean {
  const included = include.map(createMatch);
  const excluded = exclude.map(createMatch);
  return (path) => {
    const parts = splitPath(path);
    if (included.length > 0 && !included.some((matches) => matches(parts))) return false;
    return !excluded.some((matches) => matches(parts));
  };
}

/** The root is a part of its own. */
function splitPath(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return path.startsWith("/") ? ["/", ...parts] : parts;
}

type PartTest = (part: string) => boolean;
const ANY_PARTS = "**";

function createMatch(pattern: string): (parts: readonly string[]) => boolean {
  const parts = splitPath(cleanPattern(pattern));
  const isRooted = parts[0] === "/";
  const tests = parts.map((part) => (part === ANY_PARTS ? ANY_PARTS : testOf(part)));
  if (tests.length === 0) return () => false;
  const hasAnyParts = tests.includes(ANY_PARTS);
  return (path) => {
    if (hasAnyParts && tests.length > path.length + 1) return false;
    const first = isRooted ? 0 : path[0] === "/" ? 1 : 0;
    const last = isRooted ? 0 : path.length - 1;
    for (let offset = first; offset <= last; offset += 1) if (isMatch(tests, path, offset)) return true;
    return false;
  };
}

/** As Go's filepath.Clean, without what climbs: `a/./b//c/` is `a/b/c`. */
function cleanPattern(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0) parts.pop();
    else parts.push(part);
  }
  return (pattern.startsWith("/") ? "/" : "") + parts.join("/");
}

/** Whether the tests hold for the parts from an offset on; more parts may follow. */
function isMatch(tests: readonly (PartTest | typeof ANY_PARTS)[], path: readonly string[], offset: number): boolean {
  let places = new Set([offset]);
  for (const test of tests) {
    const next = new Set<number>();
    for (const place of places) {
      if (test === ANY_PARTS) {
        for (let end = place; end <= path.length; end += 1) next.add(end);
      } else if (place < path.length && test(path[place] ?? "")) {
        next.add(place + 1);
      }
    }
    places = next;
  }
  return places.size > 0;
}

/** Go's filepath.Match: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant as it is. */
function testOf(pattern: string): PartTest {
  if (!/[*?[\\]/.test(pattern)) return (part) => part === pattern;
  const source = toRegExp(pattern);
  // A pattern that is none matches nothing.
  if (source === undefined) return () => false;
  const test = new RegExp(`^(?:${source})$`, "su");
  return (part) => test.test(part);
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

function toRegExp(pattern: string): string | undefined {
  const characters = [...pattern];
  let source = "";
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character === "*") source += source.endsWith("[^/]*") ? "" : "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const set = readSet(characters, at);
      if (set === undefined) return undefined;
      source += set.source;
      at = set.end;
    } else if (character === "\\") {
      at += 1;
      const next = characters[at];
      if (next === undefined) return undefined;
      source += literal(next);
    } else source += literal(character);
  }
  return source;
}

function readSet(characters: readonly string[], from: number) {
  let at = from + 1;
  let source = "";
  const isNegated = characters[at] === "^";
  if (isNegated) at += 1;
  const readOne = (): string | undefined => {
    const isEscaped = characters[at] === "\\";
    if (isEscaped) at += 1;
    const one = characters[at];
    at += 1;
    return one === undefined || (!isEscaped && (one === "-" || one === "]")) ? undefined : one;
  };
  while (at < characters.length && !(characters[at] === "]" && source !== "")) {
    const low = readOne();
    if (low === undefined) return undefined;
    let high = low;
    if (characters[at] === "-") {
      at += 1;
      const end = readOne();
      if (end === undefined) return undefined;
      high = end;
    }
    // A range that runs backwards holds nothing.
    if (low <= high) source += low === high ? literal(low) : `${literal(low)}-${literal(high)}`;
    else source += "[]";
  }
  if (characters[at] !== "]" || source === "") return undefined;
  const held = source.replaceAll("[]", "");
  if (held === "") return { source: isNegated ? "[^/]" : "[]", end: at };
  return { source: isNegated ? `[^/${held}]` : `[${held}]`, end: at };
}
