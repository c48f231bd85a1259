/** The flags of one command line, read once by the parser. */

export interface FlagValues {
  /** The text of a flag; undefined when it was not given or is empty. */
  text(name: string): string | undefined;
  /** All values of a flag that may be repeated. */
  list(name: string): readonly string[];
  /** Whether a flag without a value was given. */
  has(name: string): boolean;
  /** Whether `--no-NAME` was given. */
  isOff(name: string): boolean;
}

/** @param values by the flag's long name in camel case, as the parser gives them */
export function flagValues(values: Readonly<Record<string, unknown>>): FlagValues {
  const at = (name: string): unknown => values[camelCase(name)];
  return {
    text(name) {
      const value = at(name);
      return typeof value === "string" && value !== "" ? value : undefined;
    },
    list(name) {
      const value = at(name);
      if (typeof value === "string") return [value];
      return Array.isArray(value) ? value.map(String) : [];
    },
    has: (name) => at(name) === true,
    isOff: (name) => at(name) === false,
  };
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}
