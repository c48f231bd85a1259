/** What comes after a run was made: it is named, waited for, and told. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { kubectlName, readOne } from "../objects/read.ts";
import { hasEnded } from "../objects/read-run.ts";
import type { RunWord } from "../objects/run-words.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData, printData } from "../terminal/print.ts";
import { followRun } from "./follow.ts";
import { exitCodeOf, formatEnd } from "./outcome.ts";
import { readTimeout } from "./wait-flags.ts";

/**
 * Makes something that may be there although nobody heard of it, when no answer comes.
 *
 * @param look what tells whether it is
 */
export async function createOrTell<T>(input: Input, look: string, create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (thrown) {
    if (toUserError(thrown).code === "API_UNAVAILABLE")
      input.terminal.note(`it may have been made; see whether: ${look}`);
    throw thrown;
  }
}

/** @param made the object as the API server answered */
export async function tellStarted(input: Input, cluster: Cluster, word: RunWord, made: unknown): Promise<ExitCode> {
  const { terminal, format, flags, programName } = input;
  const type = word.kind === "BackupSession" ? "session" : "restore";
  const follow = `${programName} describe ${type}/${word.name} -n ${cluster.namespace}`;
  const goesOn = `${word.kind} ${cluster.namespace}/${word.name} goes on in the cluster; see how: ${follow}`;
  input.leavesBehind(goesOn);
  const name = kubectlName(KINDS[word.kind], word.name);
  if (format === Format.Name) terminal.print(name);
  else if (!isData(format)) terminal.print(`${name} created`);
  if (!flags.has("wait")) {
    if (isData(format)) printData(input, isJsonObject(made) ? made : {});
    else terminal.note(`see how it goes: ${follow}`);
    return ExitCode.Good;
  }
  const run = await followRun(input, cluster, word, readTimeout(flags));
  if (isData(format)) {
    const { raw } = await readOne(cluster, KINDS[word.kind], (one) => one, {
      namespace: cluster.namespace,
      name: word.name,
    });
    printData(input, isJsonObject(raw) ? raw : {});
  } else if (format !== Format.Name) {
    for (const line of formatEnd(run, terminal.width)) terminal.print(plainText(line));
  }
  if (hasEnded(run)) return exitCodeOf(run);
  terminal.note(`the time of --timeout is over: ${goesOn}`);
  return ExitCode.Fault;
}
