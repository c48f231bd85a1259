/** Go's `printf` for texts, numbers and truth values. */
import type { Budget } from "./budget.ts";
import { printValue, quote, toNumber, toText, type Value } from "./value.ts";

// A zero is a flag and never begins a width: of what can be read in two ways a pattern tries both, for each of many zeros.
const VERB = /%([-+ 0#]*)([1-9]\d*)?(?:\.(\d*))?([a-zA-Z%])/g;
const MAX_WIDTH = 10_000;

function number(value: Value, flags: string, digits: string): string {
  const sign = flags.includes("+") && toNumber(value) >= 0 ? "+" : "";
  return sign + digits;
}

function formatOne(verb: string, flags: string, precision: number | undefined, value: Value): string {
  switch (verb) {
    case "d":
      return number(value, flags, String(Math.trunc(toNumber(value))));
    case "f":
    case "F":
      return number(value, flags, toNumber(value).toFixed(precision ?? 6));
    case "e":
      return toNumber(value).toExponential(precision ?? 6);
    case "g":
      return String(toNumber(value));
    case "q":
      return quote(toText(value));
    case "t":
      return String(value === true);
    case "x":
    case "X": {
      const hex =
        typeof value === "number" ? Math.trunc(value).toString(16) : Buffer.from(toText(value)).toString("hex");
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    case "o":
      return Math.trunc(toNumber(value)).toString(8);
    case "b":
      return Math.trunc(toNumber(value)).toString(2);
    case "c":
      return String.fromCodePoint(Math.trunc(toNumber(value)));
    default: {
      const text = value === null || value === undefined ? "<nil>" : printValue(value);
      return precision === undefined ? text : [...text].slice(0, precision).join("");
    }
  }
}

function pad(text: string, flags: string, wanted: number): string {
  if (flags.includes("-")) return text.padEnd(wanted);
  if (!flags.includes("0")) return text.padStart(wanted);
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(wanted - sign.length, "0");
}

/** Missing arguments and those too many show as Go shows them. */
export function printf(format: string, args: readonly Value[], budget: Budget): string {
  let next = 0;
  const text = format.replace(
    VERB,
    (all, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const digits = precision === undefined ? undefined : Number(precision);
      if (!"vsdfFegqtxXobc".includes(verb)) return all;
      const wanted = Math.min(Number(width ?? 0), MAX_WIDTH);
      budget.spend(wanted);
      return pad(formatOne(verb, flags, digits, args[next++]), flags, wanted);
    },
  );
  if (next >= args.length) return text;
  return `${text}%!(EXTRA ${args
    .slice(next)
    .map((value) => `${typeof value}=${printValue(value)}`)
    .join(", ")})`;
}
