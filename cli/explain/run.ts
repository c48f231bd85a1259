/** Explains files or a live workload, and prints. */
import { readFile } from "node:fs/promises";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { isData, printData } from "../terminal/print.ts";
import { readExplainOptions } from "./options.ts";
import { parseObjects } from "./parse-objects.ts";
import { explainAll } from "./run-objects.ts";
import { type WatchedCluster, watchCluster } from "./watch-cluster.ts";

/** Explains and prints. */
export async function runExplain(input: Input): Promise<ExitCode> {
  const options = readExplainOptions(input.words, input.flags);
  let cluster: WatchedCluster | undefined;
  try {
    cluster = options.isOffline ? undefined : await watchCluster(await openCluster(input));
    const namespace = input.flags.text("namespace") ?? cluster?.namespace ?? "default";
    const objects = await readFiles(options.files);
    const told = await explainAll({ ...options, objects, namespace }, cluster);
    if (isData(input.format)) printData(input, { explanations: told.map(({ data }) => data) });
    else input.terminal.print(told.map(({ text }) => text).join("\n\n"));
    return ExitCode.Good;
  } finally {
    await cluster?.close();
  }
}

async function readFiles(files: readonly string[]): Promise<readonly unknown[]> {
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const));
  return texts.flatMap(([file, text]) => parseObjects(text, file));
}
