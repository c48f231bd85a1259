/** Flags of the agent's commands, named as upstream's manifests name them. Flags that we don't know are left alone. */
import { UserError } from "../shared/errors.ts";

export type Flags = ReadonlyMap<string, string>;

/**
 * Reads `--name=value`, `--name value` and `--name`.
 *
 * @returns the last value of each flag; "true" for one without a value
 */
export function parseFlags(argv: readonly string[]): Flags {
  const flags = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const match = /^--?([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(argv[index] ?? "");
    if (match?.[1] === undefined) continue;
    const next = argv[index + 1];
    if (match[2] !== undefined) flags.set(match[1], match[2]);
    else if (next !== undefined && !next.startsWith("-")) {
      flags.set(match[1], next);
      index++;
    } else flags.set(match[1], "true");
  }
  return flags;
}

/** Value of a flag, or undefined when it is missing or empty. */
export function flagText(flags: Flags, name: string): string | undefined {
  return flags.get(name) || undefined;
}

/** `true` and `1` as Go reads them; anything else that is there is false. */
export function flagBoolean(flags: Flags, name: string, missing: boolean): boolean {
  const value = flags.get(name);
  return value === undefined ? missing : ["1", "t", "true", "T", "TRUE", "True"].includes(value);
}

/**
 * Reader of flags that must be there.
 *
 * @throws UserError CONFIGURATION_INVALID naming all that are missing
 */
export function requireFlags<const Name extends string>(flags: Flags, names: readonly Name[]): (name: Name) => string {
  const missing = names.filter((name) => !flags.get(name));
  if (missing.length > 0) {
    throw new UserError("CONFIGURATION_INVALID", `missing flags: ${missing.map((name) => `--${name}`).join(", ")}`);
  }
  return (name) => flags.get(name) ?? "";
}
