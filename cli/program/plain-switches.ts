/**
 * Switches with a value, `--prune=true`: upstream's plugin takes them, as all of its kind do; commander knows switches without one alone.
 * And flags whose value may be left out, `--dry-run`: commander would take the next word for it. Pure.
 */
import { Option } from "commander";
import type { CommandSpec, FlagSpec } from "./command.ts";
import { flagsOf, LEADING_FLAGS } from "./common-flags.ts";
import { UsageError } from "./usage-error.ts";

/** As programs of kubectl's family read them. */
const VALUES: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["true", "True", "TRUE", "t", "T", "1"].map((text) => [text, true])),
  ...Object.fromEntries(["false", "False", "FALSE", "f", "F", "0"].map((text) => [text, false])),
};

interface KnownFlags {
  /** Whether the next word belongs to this one, whatever it looks like. */
  takesNext(word: string): boolean;
  /** The switch of `--prune=true` or `-A=true`, and what is said of it; undefined for any other word. */
  readSwitch(word: string): FoundSwitch | undefined;
}

interface FoundSwitch {
  readonly names: readonly string[];
  readonly value: string;
  /** Of a flag that has more values than on and off: what it is when it is on. */
  readonly alone: string | undefined;
}

/**
 * The same line, every switch of which stands without a value or not at all; the last word on each counts.
 *
 * @throws UsageError for a value that is neither true nor false
 */
export function withPlainSwitches(argv: readonly string[], commands: readonly CommandSpec[]): readonly string[] {
  const line: Word[] = [];
  const textOf = (words: readonly Word[]) => words.map(({ text }) => text);
  let known = knowFlags(LEADING_FLAGS);
  let hasCommand = false;
  for (let at = 0; at < argv.length; at++) {
    const text = argv[at] ?? "";
    if (text === "--") return [...textOf(line), ...argv.slice(at)];
    const found = known.readSwitch(text);
    if (found !== undefined) {
      putSwitch(line, found);
      continue;
    }
    line.push({ text, isValue: false });
    if (known.takesNext(text) && at + 1 < argv.length) line.push({ text: argv[++at] ?? "", isValue: true });
    else if (!hasCommand && !text.startsWith("-")) {
      const command = commands.find(({ name, aliases = [] }) => text === name || aliases.includes(text));
      if (command === undefined || command.takesAnything === true) return [...textOf(line), ...argv.slice(at + 1)];
      known = knowFlags(flagsOf(command));
      hasCommand = true;
    }
  }
  return textOf(line);
}

interface Word {
  readonly text: string;
  /** Belongs to the flag before it. */
  readonly isValue: boolean;
}

/** Of a switch that is off nothing stays, of what was said before neither. */
function putSwitch(line: Word[], { names, value, alone }: FoundSwitch): void {
  const isOn = VALUES[value] ?? (alone === undefined ? undefined : true);
  const [name = ""] = names;
  if (isOn === undefined) throw new UsageError(`${name}=${value} is neither true nor false`, `write ${name} alone`);
  if (isOn && alone === undefined) line.push({ text: name, isValue: false });
  else if (isOn) line.push({ text: `${name}=${VALUES[value] === true ? alone : value}`, isValue: false });
  else {
    const isOf = (text: string) => names.some((one) => text === one || text.startsWith(`${one}=`));
    const others = line.filter(({ text, isValue }) => isValue || !isOf(text));
    line.splice(0, line.length, ...others);
  }
}

function knowFlags(flags: readonly FlagSpec[]): KnownFlags {
  const options = flags.map((flag) => new Option(flag.flags));
  const find = (name: string) => options.find(({ long, short }) => name === long || name === short);
  const aloneOf = (option: Option) => flags[options.indexOf(option)]?.alone;
  return {
    takesNext(word) {
      if (word.startsWith("--")) return find(word)?.required === true;
      if (!word.startsWith("-")) return false;
      // Of several letters the first that takes a value takes what follows it.
      const at = [...word].findIndex((letter, index) => index > 0 && find(`-${letter}`)?.required === true);
      return at > 0 && at === word.length - 1;
    },
    readSwitch(word) {
      const [, name = "", given] = /^(--?[a-zA-Z][\w.-]*)(?:=(.*))?$/s.exec(word) ?? [];
      const option = find(name);
      if (option === undefined || option.required) return undefined;
      const alone = aloneOf(option);
      const value = given ?? alone;
      if (value === undefined) return undefined;
      return { names: [option.long, option.short].flatMap((one) => one ?? []), value, alone };
    },
  };
}
