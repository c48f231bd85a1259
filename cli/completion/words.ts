/** What may stand at the end of a command line, from the table of commands. Pure. */
import type { ArgumentSpec, CommandSpec, Completes, FlagSpec } from "../program/command.ts";
import { flagsOf, LEADING_FLAGS } from "../program/common-flags.ts";

export const Completion = {
  /** The hidden command; kubectl's own plugins answer to this name. */
  Command: "__complete",
} as const;

export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

export interface Candidate {
  readonly word: string;
  readonly summary: string;
}

export type Answer =
  | { readonly kind: "candidates"; readonly candidates: readonly Candidate[] }
  /** Names that only the cluster or the disk knows. */
  | { readonly kind: "ask"; readonly what: Completes; readonly prefix: string; readonly flags: GivenFlags };

/** Values of the flags in the line, by long name. */
export type GivenFlags = Readonly<Record<string, string | true>>;

/**
 * Decides what is asked for.
 *
 * @param line the words after the program's name; the last one is what is being typed
 */
export function completeLine(line: readonly string[], commands: readonly CommandSpec[]): Answer {
  const current = line.at(-1) ?? "";
  const read = readLine(line.slice(0, -1), commands);
  const { command, open, words, flags } = read;
  const known = command === undefined ? LEADING_FLAGS : flagsOf(command);
  if (open !== undefined) return valuesOf(open, current, flags);
  const inline = /^(--[a-z-]+)=(.*)$/.exec(current);
  if (inline !== null) {
    const flag = findFlag(known, inline[1] ?? "");
    // The value alone: kubectl and bash put it behind the sign.
    return flag === undefined ? none() : valuesOf(flag, inline[2] ?? "", flags);
  }
  if (current.startsWith("-")) return flagNames(known, current);
  if (command === undefined) return commandNames(commands, current);
  const args = command.args ?? [];
  const argument = args[words.length] ?? (args.at(-1)?.isMany === true ? args.at(-1) : undefined);
  return argument === undefined ? none() : valuesOf(argument, current, flags);
}

interface ReadLine {
  readonly command: CommandSpec | undefined;
  readonly words: readonly string[];
  readonly flags: GivenFlags;
  /** The flag whose value comes next. */
  readonly open: FlagSpec | undefined;
}

function readLine(line: readonly string[], commands: readonly CommandSpec[]): ReadLine {
  let command: CommandSpec | undefined;
  let open: FlagSpec | undefined;
  const words: string[] = [];
  const flags: Record<string, string | true> = {};
  for (const word of line) {
    if (open !== undefined) {
      flags[longName(open)] = word;
      open = undefined;
      continue;
    }
    if (word.startsWith("-") && word !== "-") {
      const [name = "", value] = word.split(/=(.*)/s);
      const flag = findFlag(command === undefined ? LEADING_FLAGS : flagsOf(command), name);
      if (flag === undefined) continue;
      if (!takesValue(flag)) flags[longName(flag)] = true;
      else if (value !== undefined) flags[longName(flag)] = value;
      else open = flag;
    } else if (command === undefined) {
      command = commands.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
    } else words.push(word);
  }
  return { command, words, flags, open };
}

function namesOf({ flags }: FlagSpec): readonly string[] {
  return flags.split(/[ ,|]+/).filter((part) => part.startsWith("-"));
}

/** `namespace` of `-n, --namespace <name>`. */
export function longName(flag: FlagSpec): string {
  const names = namesOf(flag);
  return (names.find((name) => name.startsWith("--")) ?? names[0] ?? "").replace(/^-+/, "");
}

/** Whether the next word is its value: one that may be left out follows an equals sign alone. */
function takesValue({ flags }: FlagSpec): boolean {
  return flags.includes("<");
}

function findFlag(flags: readonly FlagSpec[], name: string): FlagSpec | undefined {
  return flags.find((flag) => namesOf(flag).includes(name));
}

function none(): Answer {
  return { kind: "candidates", candidates: [] };
}

function valuesOf({ choices, completes, summary }: FlagSpec | ArgumentSpec, prefix: string, flags: GivenFlags): Answer {
  if (choices !== undefined) {
    const fitting = choices.filter((choice) => choice.startsWith(prefix));
    return { kind: "candidates", candidates: fitting.map((word) => ({ word, summary })) };
  }
  return completes === undefined ? none() : { kind: "ask", what: completes, prefix, flags };
}

function flagNames(flags: readonly FlagSpec[], prefix: string): Answer {
  const all = [...flags.filter(({ isHidden }) => isHidden !== true), { flags: "-h, --help", summary: "explain" }];
  const fitting = all.flatMap((flag) => {
    return namesOf(flag)
      .filter((name) => name.startsWith("--") && name.startsWith(prefix))
      .map((word) => ({ word, summary: flag.summary }));
  });
  return { kind: "candidates", candidates: fitting };
}

function commandNames(commands: readonly CommandSpec[], prefix: string): Answer {
  const fitting = commands.filter(({ name, isHidden }) => isHidden !== true && name.startsWith(prefix));
  return { kind: "candidates", candidates: fitting.map(({ name, summary }) => ({ word: name, summary })) };
}
