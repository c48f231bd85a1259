/**
 * Go's text/template with the functions of sprig that hooks use. No package on npm does this and is looked after, so it is
 * made here: actions, pipelines, variables, if, with, range, Go's functions, and sprig's for texts, lists, maps, numbers and
 * times. Left out are `define` and `template`, and what reads the environment, the network or secrets.
 */
import { runTemplate, startRun } from "./evaluate.ts";
import { templateFault } from "./lex.ts";
import { parseTemplate } from "./parse.ts";
import type { Value } from "./value.ts";

/**
 * Renders a text over data. A text without `{{` is returned as it is; any other result is trimmed of white space, as upstream
 * does. A field that a map does not have prints as `<no value>`.
 *
 * @param now what the function `now` says
 * @throws UserError INVALID_OBJECT saying what is wrong and where
 */
export function renderTemplate(text: string, data: Value, now: Date): string {
  return renderTemplates([text], data, now)[0] ?? "";
}

/**
 * As renderTemplate() for texts that belong together: what one may take is what all of them may, since whoever writes one writes a
 * thousand.
 *
 * @throws UserError INVALID_OBJECT saying what is wrong and where
 */
export function renderTemplates(texts: readonly string[], data: Value, now: Date): readonly string[] {
  const run = startRun(now);
  return texts.map((text) =>
    text.includes("{{") ? withinReason(() => runTemplate(parseTemplate(text), data, run).trim()) : text,
  );
}

/** JavaScript's own limits, such as those of a text's length, are faults of the template too. */
function withinReason<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw templateFault(`it asks for too much: ${error.message}`);
    throw error;
  }
}

export type { Value } from "./value.ts";
