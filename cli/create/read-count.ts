import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";

/** @throws UsageError for what is no number from 0 on */
export function readCount(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} ${text} is no number`);
  return Number(text);
}

/** Values that commas part, as upstream's plugin takes them. */
export function readWords(flags: FlagValues, name: string): readonly string[] {
  return flags
    .list(name)
    .flatMap((one) => one.split(","))
    .map((one) => one.trim())
    .filter(Boolean);
}
