/** What a dump does not bring back, as the plan knows by itself and as the server tells it. */
import { messageOf } from "../../shared/errors.ts";
import type { DumpPlan } from "./plan.ts";
import { formatExit, type RunOptions, runDatabaseProgram } from "./run-program.ts";

/** An answer of a few lines; a server that can't give it so soon keeps nobody from a dump. */
const LIMIT_MS = 60_000;

/** One sentence each. Never throws: a question without an answer is a sentence too. */
export async function gatherLeftOut(
  { leavesOut = [], askLeftOut }: Pick<DumpPlan, "leavesOut" | "askLeftOut">,
  options: Pick<RunOptions, "env" | "signal">,
): Promise<readonly string[]> {
  if (askLeftOut === undefined) return leavesOut;
  const { call, read } = askLeftOut;
  const unknown = (words: string) => [
    ...leavesOut,
    `the server did not tell whether the dump leaves out anything: ${words}`,
  ];
  try {
    const exit = await runDatabaseProgram(call, { ...options, timeLimitMs: LIMIT_MS });
    if (exit.code !== 0) return unknown(formatExit(call, exit));
    return [...leavesOut, ...read(exit.output.split("\n").filter((line) => line !== ""))];
  } catch (error) {
    return unknown(messageOf(error));
  }
}
