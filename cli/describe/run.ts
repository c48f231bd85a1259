/** Tells everything about one run. */
import { isJsonObject } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { readRun } from "../objects/read-run.ts";
import { parseRunWords } from "../objects/run-words.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData, printData } from "../terminal/print.ts";
import { describeRun } from "./run-details.ts";

export async function runDescribe(input: Input): Promise<ExitCode> {
  const word = parseRunWords(input.words);
  const cluster = await openCluster(input);
  const { raw, object } = await readRun(cluster, word);
  if (isData(input.format)) {
    printData(input, isJsonObject(raw) ? raw : {});
    return ExitCode.Good;
  }
  for (const line of describeRun(object, { nowMs: Date.now(), width: input.terminal.width })) {
    input.terminal.print(plainText(line));
  }
  return ExitCode.Good;
}
