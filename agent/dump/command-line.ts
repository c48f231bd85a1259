/** User-given arguments in one text, split as a shell would split them, and never given to one. */
import { UserError } from "../../shared/errors.ts";

type Quote = "'" | '"';

function isQuote(character: string): character is Quote {
  return character === "'" || character === '"';
}

/**
 * Splits a text into arguments: white space parts them, single quotes keep everything, double quotes keep everything but
 * `\"` and `\\`, a backslash outside of quotes keeps the next character. Variables, globs and the like mean nothing.
 *
 * @param field where the text stands, for the error
 * @throws UserError INVALID_OBJECT when a quote is not closed
 */
export function splitArguments(text: string, field: string): readonly string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quote: Quote | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    if (character === "\\" && (quote === undefined ? next !== "" : quote === '"' && (next === '"' || next === "\\"))) {
      current = (current ?? "") + next;
      at++;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else current = (current ?? "") + character;
    } else if (isQuote(character)) {
      quote = character;
      current ??= "";
    } else if (/\s/.test(character)) {
      if (current !== undefined) found.push(current);
      current = undefined;
    } else {
      current = (current ?? "") + character;
    }
  }
  if (quote !== undefined) {
    throw new UserError("INVALID_OBJECT", `${field}: ${quote} is not closed in ${JSON.stringify(text)}`, {
      next: "Close the quote, or put a backslash before it.",
    });
  }
  return current === undefined ? found : [...found, current];
}
