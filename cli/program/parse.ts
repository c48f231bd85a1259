/** Reads a command line by the table of commands. commander does the reading, the help and the suggestions. */
import { Command, CommanderError, Option } from "commander";
import { messageOf } from "../../shared/errors.ts";
import type { Terminal } from "../terminal/interface.ts";
import { type ArgumentSpec, CommandGroup, type CommandSpec, type FlagSpec } from "./command.ts";
import { flagsOf, LEADING_FLAGS } from "./common-flags.ts";
import { EXIT_CODES, ExitCode } from "./exit-code.ts";
import { type FlagValues, flagValues } from "./flag-values.ts";
import { withPlainSwitches } from "./plain-switches.ts";
import { UsageError } from "./usage-error.ts";

export interface ProgramFacts {
  /** How people call it: `kubectl stash`. */
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  /** What the help of the whole says at its end. */
  readonly more?: string | undefined;
}

export const PROGRAM_SUMMARY = "Backup and restore of applications made of several parts.";

export type ParsedLine =
  | {
      readonly kind: "run";
      readonly command: CommandSpec;
      readonly words: readonly string[];
      readonly flags: FlagValues;
    }
  /** Help, the version or a complaint was printed. */
  | { readonly kind: "told"; readonly exitCode: ExitCode };

type Values = Readonly<Record<string, unknown>>;

interface Found {
  readonly command: CommandSpec;
  readonly words: readonly string[];
  readonly values: Values;
}

/**
 * Reads the words after the program's name.
 *
 * @throws UsageError for a flag that the command does not have but that stood before its name, and for a switch that is neither on nor off
 */
export function parseLine(
  argv: readonly string[],
  commands: readonly CommandSpec[],
  facts: ProgramFacts,
  terminal: Terminal,
): ParsedLine {
  const found: Found[] = [];
  const program = buildProgram(commands, facts, terminal, (one) => found.push(one));
  try {
    program.parse([...withPlainSwitches(argv, commands)], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return { kind: "told", exitCode: thrown.exitCode === 0 ? ExitCode.Good : ExitCode.Usage };
  }
  const [one] = found;
  if (one === undefined) return { kind: "told", exitCode: ExitCode.Usage };
  const leading: Values = program.opts();
  refuseForeign(one.command, leading, program);
  return { kind: "run", command: one.command, words: one.words, flags: flagValues({ ...leading, ...one.values }) };
}

/** The whole program as commander has it: for help and for documentation, too. */
function buildProgram(
  commands: readonly CommandSpec[],
  { name, version, summary, more }: ProgramFacts,
  terminal: Terminal,
  onFound: (found: Found) => void = () => undefined,
): Command {
  const program = new Command(name)
    .description(summary)
    .usage("COMMAND [flags]")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "explain")
    .addHelpCommand(buildHelpCommand())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.note(text.trimEnd()),
      getOutHelpWidth: () => terminal.width ?? 120,
      getErrHelpWidth: () => terminal.width ?? 120,
    })
    .addHelpText("after", `\nExit codes:\n${formatExitCodes()}${more === undefined ? "" : `\n\n${more}`}`);
  for (const flag of LEADING_FLAGS) program.addOption(buildOption(flag).hideHelp());
  for (const command of commands) {
    const built = buildCommand(command, name).copyInheritedSettings(program);
    built.action(() => onFound({ command, words: built.args, values: built.opts() }));
    program.addCommand(built, { hidden: command.isHidden === true });
  }
  return program;
}

function buildHelpCommand(): Command {
  const command = new Command("help").argument("[command]").description("Explain a command").helpOption(false);
  return command.helpGroup(`${CommandGroup.Program}:`);
}

function formatExitCodes(): string {
  return EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`).join("\n");
}

function buildCommand(spec: CommandSpec, programName: string): Command {
  const command = new Command(spec.name)
    .summary(spec.summary)
    .description(spec.details === undefined ? `${spec.summary}.` : `${spec.summary}.\n\n${unwrap(spec.details)}`)
    .helpOption("-h, --help", "explain")
    .helpGroup(`${spec.group}:`)
    .addHelpText("after", `\nExamples:\n${formatExamples(spec, programName)}`);
  if (spec.takesAnything === true) command.helpOption(false).allowUnknownOption().passThroughOptions();
  if (spec.aliases !== undefined) command.aliases([...spec.aliases]);
  for (const argument of spec.args ?? []) command.argument(formatArgument(argument), argument.summary);
  for (const flag of flagsOf(spec)) command.addOption(buildOption(flag));
  return command;
}

/** Lines of the source become paragraphs, which are wrapped for the terminal. */
export function unwrap(text: string): string {
  return text.replace(/([^\n])\n(?!\n)/g, "$1 ");
}

function formatExamples({ examples }: CommandSpec, programName: string): string {
  return examples.map(({ line, does }) => `  # ${does}\n  ${programName} ${line}`).join("\n");
}

/** `<name>`, `[name]`, `<name...>` or `[name...]`. */
export function formatArgument({ name, isOptional, isMany }: ArgumentSpec): string {
  const inside = isMany === true ? `${name}...` : name;
  return isOptional === true ? `[${inside}]` : `<${inside}>`;
}

function buildOption({ flags, summary, choices, isMany, isHidden }: FlagSpec): Option {
  const option = new Option(flags, summary);
  if (choices !== undefined) option.choices([...choices]);
  if (isMany === true) option.argParser((value: string, before: unknown) => [...readList(before), value]);
  return isHidden === true ? option.hideHelp() : option;
}

function readList(before: unknown): readonly unknown[] {
  return Array.isArray(before) ? before : [];
}

function refuseForeign(command: CommandSpec, leading: Values, program: Command): void {
  const known = new Set(flagsOf(command).map((flag) => buildOption(flag).attributeName()));
  const foreign = program.options.filter((option) => {
    return leading[option.attributeName()] !== undefined && !known.has(option.attributeName());
  });
  const [first] = foreign;
  if (first !== undefined) throw new UsageError(`${command.name} has no ${first.long ?? first.flags}`);
}

/** What commander would say of anything that was thrown. */
export function formatUsage(thrown: UsageError, programName: string, commandName: string): string {
  const next = thrown.next ?? `see \`${programName} ${commandName} --help\``;
  return `error: ${messageOf(thrown)} (next: ${next})`;
}
