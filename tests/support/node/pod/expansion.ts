/** `$(NAME)` in env values, command and args. Pure. */

/**
 * Replaces references to known names; unknown ones stay as they are; `$$(NAME)` is the way to write `$(NAME)`.
 */
export function expandReferences(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(\$|\(([^()]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === "$") return "$";
    return name === undefined ? whole : (values.get(name) ?? whole);
  });
}
