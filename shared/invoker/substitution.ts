/**
 * `${VAR}` in Tasks, Functions, claim templates and BackupBlueprints, with the forms that upstream's engine knows. Each
 * text of an object is substituted for itself, so that a value with quotes or line breaks can't spoil the object.
 *
 * | text | result |
 * |---|---|
 * | `${NAME}` | the value; an error when there is none |
 * | `${NAME:=d}` `${NAME:-d}` `${NAME=d}` | the value, also an empty one; `d`, substituted itself, when there is none |
 * | `${#NAME}` | length of the value |
 * | `${NAME^}` `${NAME^^}` `${NAME,}` `${NAME,,}` | first letter or all in upper or lower case |
 * | `${NAME:o}` `${NAME:o:n}` | from position `o`, `n` characters |
 * | `${NAME#p}` `${NAME##p}` `${NAME%p}` `${NAME%%p}` | without the shortest or longest match of a glob at start or end |
 * | `${NAME/p/r}` `${NAME//p/r}` `${NAME/#p/r}` `${NAME/%p/r}` | with the first, every, the leading or the trailing match replaced |
 * | `$$` | `$` |
 * | `$NAME` | stays |
 */
import { UserError } from "../errors.ts";
import { isJsonObject } from "../json/value.ts";
import { replaceMatch, stripMatch } from "../target/glob.ts";

export type Variables = Readonly<Record<string, string>>;

/**
 * Substitutes in every text of a JSON value, keys left alone. What is put in is not read again, so a value may hold `${`.
 *
 * @param path where the value stands, such as `Task pvc-backup: spec`; errors name the place below it
 * @throws UserError VARIABLE_MISSING naming the variable that has no value, INVALID_OBJECT naming the text that can't be
 *   read; both with the place
 */
export function substituteObject(value: unknown, variables: Variables, path = ""): unknown {
  if (typeof value === "string") return substituteAt(value, variables, path);
  if (Array.isArray(value)) {
    return value.map((item, index) => substituteObject(item, variables, `${path}[${index}]`));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      substituteObject(field, variables, path === "" ? key : `${path}.${key}`),
    ]),
  );
}

function substituteAt(text: string, variables: Variables, path: string): string {
  try {
    return substitute(text, variables);
  } catch (error) {
    if (!(error instanceof UserError) || path === "") throw error;
    throw new UserError(error.code, `${path}: ${error.message}`, { next: error.next, cause: error });
  }
}

/** Defaults of defaults: more than anybody writes. Each level reads its text once more. */
const MAX_DEPTH = 16;
/** Longer than any object of Kubernetes; what variables hold may be put in again and again. */
const MAX_RESULT_LENGTH = 1_000_000;

/** Substitutes in one text. @throws UserError as substituteObject */
export function substitute(text: string, variables: Variables): string {
  return substituteWithin(text, variables, 0);
}

function substituteWithin(text: string, variables: Variables, depth: number): string {
  let result = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === "{") {
      const end = findEnd(text, dollar + 2);
      result += expand(text.slice(dollar + 2, end), variables, depth);
      if (result.length > MAX_RESULT_LENGTH) throw unreadable(text, "its result is too long");
      at = end + 1;
    } else {
      result += "$";
      at = dollar + (next === "$" ? 2 : 1);
    }
  }
  return result;
}

/** Place of the brace that closes the one before `start`; a default may hold references of its own. */
function findEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("${", at)) {
      if (++depth > MAX_DEPTH) throw unreadable(text.slice(start - 2), `references nest deeper than ${MAX_DEPTH}`);
    } else if (text[at] === "}" && depth-- === 0) return at;
  }
  throw unreadable(text.slice(start - 2));
}

const REFERENCE =
  /^(#?)([A-Za-z_][A-Za-z0-9_.-]*?)(?:(:=|:-|=)([\s\S]*)|(\^\^?|,,?)|:(-?\d+)(?::(\d+))?|(##?|%%?|\/\/|\/#|\/%|\/)([\s\S]*))?$/;

function expand(reference: string, variables: Variables, depth: number): string {
  const match = REFERENCE.exec(reference);
  if (match === null) throw unreadable(`\${${reference}}`);
  const [, length, name = "", given, fallback = "", letters, offset, count, operator, operand = ""] = match;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (value === undefined) {
    if (given !== undefined) return substituteWithin(fallback, variables, depth + 1);
    throw new UserError("VARIABLE_MISSING", `variable ${name} has no value`, {
      next: `Give it a value, or write \${${name}:=default}.`,
    });
  }
  if (length !== "") return String([...value].length);
  if (letters !== undefined) return changeCase(value, letters);
  if (offset !== undefined) return [...value].slice(Number(offset), sliceEnd(value, offset, count)).join("");
  if (operator === undefined) return value;
  const pattern = substituteWithin(operand, variables, depth + 1);
  return operator.startsWith("/") ? replaceMatch(value, operator, pattern) : stripMatch(value, operator, pattern);
}

function sliceEnd(value: string, offset: string, count: string | undefined): number | undefined {
  if (count === undefined) return undefined;
  const start = Number(offset) < 0 ? Math.max([...value].length + Number(offset), 0) : Number(offset);
  return start + Number(count);
}

function changeCase(value: string, letters: string): string {
  const change = (text: string) => (letters.startsWith("^") ? text.toUpperCase() : text.toLowerCase());
  if (letters.length === 2) return change(value);
  const [first = "", ...rest] = value;
  return change(first) + rest.join("");
}

/** Enough of a text to find it again. */
const SHOWN_LENGTH = 60;

function unreadable(text: string, why?: string): UserError {
  const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
  const reason = why === undefined ? "" : `: ${why}`;
  return new UserError(
    "INVALID_OBJECT",
    `${JSON.stringify(shown)} can't be read as a reference to a variable${reason}`,
    {
      next: `Close it by a brace, or write $$ for a dollar sign.`,
    },
  );
}
