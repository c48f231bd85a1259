/** Batches and BackupConfigurations: one list for people, who think of them as applications. */
import { type BackupBatch, parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Cluster } from "../cluster/interface.ts";
import { UsageError } from "../program/usage-error.ts";
import { type Entry, notFound, type ReadObjects, readObjects } from "./read.ts";

export type BackupInvokerObject = BackupBatch | BackupConfiguration;

/** Both kinds, by namespace and name. */
export async function readInvokers(
  cluster: Cluster,
  namespace = cluster.scope,
): Promise<ReadObjects<BackupInvokerObject>> {
  const [batches, configurations] = await Promise.all([
    readObjects<BackupInvokerObject>(cluster, KINDS.BackupBatch, parseBackupBatch, { namespace }),
    readObjects<BackupInvokerObject>(cluster, KINDS.BackupConfiguration, parseBackupConfiguration, { namespace }),
  ]);
  const keyOf = ({ object: { metadata } }: Entry<BackupInvokerObject>) => `${metadata.namespace}/${metadata.name}`;
  return {
    entries: [...batches.entries, ...configurations.entries].sort((a, b) => keyOf(a).localeCompare(keyOf(b))),
    failures: [...batches.failures, ...configurations.failures],
  };
}

const KIND_WORDS: Readonly<Record<string, BackupInvokerObject["kind"]>> = {
  backupbatch: "BackupBatch",
  backupbatches: "BackupBatch",
  batch: "BackupBatch",
  backupconfiguration: "BackupConfiguration",
  backupconfigurations: "BackupConfiguration",
  backupconfig: "BackupConfiguration",
  bc: "BackupConfiguration",
};

export interface InvokerWord {
  readonly kind: BackupInvokerObject["kind"] | undefined;
  readonly name: string;
}

/** Reads `NAME` or `KIND/NAME`. @throws UsageError for a kind that is none of both */
export function parseInvokerWord(word: string): InvokerWord {
  const slash = word.indexOf("/");
  if (slash < 0) return { kind: undefined, name: word };
  const name = word.slice(slash + 1);
  const [kindWord = ""] = word.slice(0, slash).toLowerCase().split(".");
  const kind = KIND_WORDS[kindWord];
  if (kind === undefined || name === "") {
    throw new UsageError(`${word} is no batch`, "write NAME, backupbatch/NAME or backupconfiguration/NAME");
  }
  return { kind, name };
}

/**
 * Finds the batch or BackupConfiguration that a word names.
 *
 * @throws UserError NOT_FOUND with the nearest names
 * @throws UsageError when both kinds have one of that name
 */
export async function findInvoker(cluster: Cluster, word: string): Promise<Entry<BackupInvokerObject>> {
  const { kind, name } = parseInvokerWord(word);
  const { namespace } = cluster;
  const { entries, failures } = await readInvokers(cluster, namespace);
  const found = entries.filter(({ object }) => {
    return object.metadata.name === name && (kind === undefined || object.kind === kind);
  });
  const [first] = found;
  if (found.length > 1) {
    const what = `${name} is a BackupBatch and a BackupConfiguration in ${namespace}`;
    throw new UsageError(what, `write backupbatch/${name} or backupconfiguration/${name}`);
  }
  if (first !== undefined) return first;
  const broken = failures.find((failure) => failure.includes(`${namespace}/${name}:`));
  if (broken !== undefined) throw new UsageError(`${name} can't be read: ${broken}`, "correct the object");
  const names = entries.filter(({ object }) => kind === undefined || object.kind === kind);
  throw notFound(
    kind ?? "BackupBatch or BackupConfiguration",
    { namespace, name },
    names.map((one) => one.object.metadata.name),
  );
}
