/** Ends a session. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { kubectlName } from "../objects/read.ts";
import { hasEnded, readRun } from "../objects/read-run.ts";
import { parseRunWords } from "../objects/run-words.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { followRun } from "../runs/follow.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { isData, printData } from "../terminal/print.ts";

export async function runCancel(input: Input): Promise<ExitCode> {
  const { flags, terminal, format } = input;
  const limitMs = readTimeout(flags);
  const word = parseRunWords(input.words);
  if (word.kind !== "BackupSession") {
    throw new UsageError("a restore can't be ended half way", "delete it to let go of it, and restore again");
  }
  const cluster = await openCluster(input);
  const { namespace } = cluster;
  const { object } = await readRun(cluster, word);
  const isOver = hasEnded(object) && (object.kind !== "BackupSession" || object.status?.nextRetry === undefined);
  const name = kubectlName(KINDS.BackupSession, word.name);
  if (isOver) {
    terminal.note(`${name} has ended already: ${object.status?.phase ?? ""}`);
    return ExitCode.Good;
  }
  const changed = await cluster.mergePatch(KINDS.BackupSession, namespace, word.name, { spec: { cancel: true } });
  if (format === Format.Name) terminal.print(name);
  else if (!isData(format)) terminal.print(`${name} cancelled`);
  if (!flags.has("wait")) {
    if (isData(format)) printData(input, isJsonObject(changed) ? changed : {});
    return ExitCode.Good;
  }
  input.leavesBehind(`${name} ends in the cluster`);
  const run = await followRun(input, cluster, word, limitMs);
  if (isData(format)) printData(input, run);
  else terminal.note(`${name}: ${run.status?.phase ?? "Pending"}`);
  return hasEnded(run) ? ExitCode.Good : ExitCode.Fault;
}
