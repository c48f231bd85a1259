/** Stops and starts schedules. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { findInvoker } from "../objects/invokers.ts";
import { listOf } from "../objects/list-input.ts";
import { kubectlName } from "../objects/read.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { isData, printData } from "../terminal/print.ts";

export const runPause = (input: Input): Promise<ExitCode> => setPaused(input, true);
export const runResume = (input: Input): Promise<ExitCode> => setPaused(input, false);

interface Change {
  readonly raw: unknown;
  readonly name: string;
  readonly isNew: boolean;
}

async function setPaused(input: Input, isPaused: boolean): Promise<ExitCode> {
  const words = namedInvokers(input.words, input.flags);
  const cluster = await openCluster(input);
  const [done, undone] = isPaused ? ["paused", "not paused"] : ["resumed", "not resumed"];
  const changes: Change[] = [];
  const failures: unknown[] = [];
  for (const word of words) {
    try {
      const change = await changeOne(cluster, word, isPaused);
      changes.push(change);
      if (input.format === Format.Name) input.terminal.print(change.name);
      else if (!isData(input.format)) {
        input.terminal.print(
          `${change.name} ${change.isNew ? done : isPaused ? "was paused already" : "was not paused"}`,
        );
      }
    } catch (thrown) {
      if (words.length === 1) throw thrown;
      failures.push(thrown);
      const error = toUserError(thrown);
      input.terminal.note(`${word} ${undone}: ${error.message} (next: ${error.next})`);
    }
  }
  if (isData(input.format)) {
    const [only] = changes;
    const data = words.length === 1 && isJsonObject(only?.raw) ? only.raw : listOf(changes.map(({ raw }) => raw));
    printData(input, data);
  }
  if (failures.length === 0) return ExitCode.Good;
  return changes.length > 0 ? ExitCode.Partial : ExitCode.Fault;
}

/**
 * What is named by words or by upstream's flags, whose first word is `backup`.
 *
 * @throws UsageError when nothing is
 */
export function namedInvokers(words: readonly string[], flags: FlagValues): readonly string[] {
  const [batch, configuration] = [flags.text("backupbatch"), flags.text("backupconfig")];
  const flagged = [
    ...(batch === undefined ? [] : [`backupbatch/${batch}`]),
    ...(configuration === undefined ? [] : [`backupconfiguration/${configuration}`]),
  ];
  const own = flagged.length > 0 && words[0] === "backup" ? words.slice(1) : words;
  if (own.length + flagged.length === 0) throw new UsageError("which batch?");
  return [...own, ...flagged];
}

async function changeOne(cluster: Cluster, word: string, isPaused: boolean): Promise<Change> {
  const { object, raw } = await findInvoker(cluster, word);
  const name = kubectlName(KINDS[object.kind], object.metadata.name);
  if ((object.spec.paused ?? false) === isPaused) return { raw, name, isNew: false };
  const { namespace } = object.metadata;
  const body = { spec: { paused: isPaused } };
  const patched = await cluster.mergePatch(KINDS[object.kind], namespace, object.metadata.name, body);
  return { raw: patched, name, isNew: true };
}
