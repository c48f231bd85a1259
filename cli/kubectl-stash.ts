/** `kubectl stash`: everything that people type. The image's `stash-batch` loads the same for the commands that it shares. */
import { basename } from "node:path";
import { readProductVersion } from "../shared/product-version.ts";
import { Completion } from "./completion/words.ts";
import { COMMANDS } from "./program/commands.ts";
import { ExitCode } from "./program/exit-code.ts";
import { createInterrupt } from "./program/interrupt.ts";
import { PROGRAM_SUMMARY } from "./program/parse.ts";
import { runProgram } from "./program/run.ts";
import { processTerminal } from "./terminal/interface.ts";

/**
 * Runs a command line, and ends the process when all output is out.
 *
 * @param more what the help of the whole says at its end
 */
export async function main(argv: readonly string[], programName: string, more?: string): Promise<void> {
  const { stdout, stderr, env } = process;
  let endedBy: ExitCode = ExitCode.Interrupted;
  const interrupt = createInterrupt({
    tell: (text) => void stderr.write(`\n${text}\n`),
    exit: () => process.exit(endedBy),
  });
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    endedBy = ExitCode.PipeClosed;
    interrupt.onClosed();
  });
  stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(ExitCode.PipeClosed);
  });
  // A terminal that is closed, and whoever ends programs, leave no more behind than Ctrl-C.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt.onSignal);
  const exitCode = await runProgram({
    argv,
    commands: COMMANDS,
    facts: { name: programName, version: await readProductVersion(), summary: PROGRAM_SUMMARY, more },
    terminal: processTerminal(env, stdout, stderr),
    env,
    leavesBehind: interrupt.leavesBehind,
    atStake: interrupt.atStake,
  });
  if (interrupt.isEnding()) return;
  // Connections that are kept open must not keep the process; what is written goes out first.
  stdout.write("", () => stderr.write("", () => process.exit(exitCode)));
}

/** kubectl asks a program of this name for completions of its plugin. */
const COMPLETING_NAME = "kubectl_complete-stash";

if (import.meta.main) {
  const argv = process.argv.slice(2);
  const isCompleting = basename(process.argv[1] ?? "").startsWith(COMPLETING_NAME);
  void main(isCompleting ? [Completion.Command, ...argv] : argv, "kubectl stash");
}
