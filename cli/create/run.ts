/** Makes objects from flags. */
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { kubectlName } from "../objects/read.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { isData, printData } from "../terminal/print.ts";
import { buildBackupConfiguration, buildRepository, buildRestoreSession } from "./build-objects.ts";

interface Maker {
  readonly kind: KindEntry;
  readonly build: (place: { readonly namespace: string; readonly name: string }, flags: FlagValues) => object;
}

const MAKERS: Readonly<Record<string, Maker>> = {
  repository: { kind: KINDS.Repository, build: buildRepository },
  backupconfig: { kind: KINDS.BackupConfiguration, build: buildBackupConfiguration },
  restoresession: { kind: KINDS.RestoreSession, build: buildRestoreSession },
};

export async function runCreate(input: Input): Promise<ExitCode> {
  const { flags, words, format, terminal } = input;
  const [word = "", name = ""] = words;
  const maker = MAKERS[word];
  if (maker === undefined) throw new UsageError(`${word} is none of ${Object.keys(MAKERS).join(", ")}`);
  // What is wrong with the flags is told before anybody is asked.
  maker.build({ namespace: "default", name }, flags);
  const cluster = await openCluster(input);
  const object = maker.build({ namespace: cluster.namespace, name }, flags);
  if (flags.has("manifest")) {
    printData({ format: isData(format) ? format : Format.Yaml, terminal }, object);
    return ExitCode.Good;
  }
  const made = await cluster.create(maker.kind, cluster.namespace, object);
  if (isData(format)) printData(input, isJsonObject(made) ? made : {});
  else if (format === Format.Name) terminal.print(kubectlName(maker.kind, name));
  else terminal.print(`${kubectlName(maker.kind, name)} created`);
  return ExitCode.Good;
}
