/** One run of the program: reads the line, runs the command, and turns what was thrown into one line and an exit code. */
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Terminal } from "../terminal/interface.ts";
import { type AtStake, type CommandSpec, Format, type LeavesBehind } from "./command.ts";
import { ExitCode } from "./exit-code.ts";
import type { FlagValues } from "./flag-values.ts";
import { formatUsage, type ParsedLine, type ProgramFacts, parseLine } from "./parse.ts";
import { UsageError } from "./usage-error.ts";

export interface ProgramRun {
  readonly argv: readonly string[];
  readonly commands: readonly CommandSpec[];
  readonly facts: ProgramFacts;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly leavesBehind: LeavesBehind;
  readonly atStake: AtStake;
}

/** Runs a command line to its end. Nothing is thrown. */
export async function runProgram(run: ProgramRun): Promise<ExitCode> {
  const { argv, commands, facts, terminal } = run;
  let parsed: ParsedLine | undefined;
  try {
    parsed = parseLine(argv, commands, facts, terminal);
    if (parsed.kind === "told") {
      if (parsed.exitCode !== ExitCode.Good && wantsJson(argv)) printError(terminal, usageFacts());
      return parsed.exitCode;
    }
    const { command, words, flags } = parsed;
    const work = await command.load();
    return await work({ ...run, words, flags, format: formatOf(command, flags), programName: facts.name });
  } catch (thrown) {
    return tell(thrown, run, parsed?.kind === "run" ? parsed.command.name : "");
  }
}

function formatOf({ formats }: CommandSpec, flags: FlagValues): Format {
  // Without formats, -o is a flag of the command's own.
  if (formats.length === 0) return Format.Table;
  if (flags.has("json")) return Format.Json;
  const wanted = flags.text("output");
  const found = formats.find((format) => format === wanted);
  // Before the command's name the parser does not know which formats there are.
  if (found === undefined && wanted !== undefined) {
    throw new UsageError(`-o ${wanted} is none of ${formats.join(", ")}`);
  }
  return found ?? formats[0] ?? Format.Table;
}

/** Whether data was asked for, as far as a line that can't be read tells. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some((word, at) => {
    const isNext = (argv[at - 1] === "-o" || argv[at - 1] === "--output") && word === Format.Json;
    return (
      isNext || /^--json(=true)?$/.test(word) || word === "-ojson" || word === "-o=json" || word === "--output=json"
    );
  });
}

function tell(thrown: unknown, { argv, terminal, facts }: ProgramRun, commandName: string): ExitCode {
  if (thrown instanceof UsageError) {
    terminal.note(formatUsage(thrown, facts.name, commandName));
    if (wantsJson(argv)) printError(terminal, { ...usageFacts(), message: thrown.message });
    return ExitCode.Usage;
  }
  const error = toUserError(thrown);
  terminal.note(oneLine(`error: ${error.message} (next: ${error.next})`));
  if (wantsJson(argv)) printError(terminal, { code: error.code, message: error.message, next: error.next });
  return ExitCode.Fault;
}

interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

function usageFacts(): ErrorFacts {
  return { code: "USAGE", message: "the command line can't be read", next: "see --help" };
}

function printError(terminal: Terminal, error: ErrorFacts): void {
  terminal.print(JSON.stringify({ error }, null, 2));
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
