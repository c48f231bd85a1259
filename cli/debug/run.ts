/** Prints everything that tells why a backup or restore fails. */
import { PassThrough } from "node:stream";
import { stringify } from "yaml";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Install } from "../../shared/contract.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import { readProductVersion } from "../../shared/product-version.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { PODS } from "../cluster/resources.ts";
import { runDescribe } from "../describe/run.ts";
import { runLogs } from "../logs/run.ts";
import { findInvoker } from "../objects/invokers.ts";
import { byAge } from "../objects/list-input.ts";
import { readObjects } from "../objects/read.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { flagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { lineWriter } from "../terminal/line-writer.ts";
import { plainText } from "../terminal/plain-text.ts";

/** Of sessions that failed; older ones tell the same. */
const MOST_SESSIONS = 5;
const PROGRAMS = ["stash-batch-webhook", "stash-batch-reconciler"];

export async function runDebug(input: Input): Promise<ExitCode> {
  const [what] = input.words;
  const cluster = await openCluster(input);
  title(input, `kubectl-stash ${await readProductVersion()}, API server ${cluster.address}`);
  if (what === "backup") return debugBackup(input, cluster);
  if (what === "restore") return debugRestore(input, cluster);
  if (what === "operator") return debugOperator(input, cluster);
  throw new UsageError(`${what ?? ""} is none of backup, restore, operator`);
}

async function debugBackup(input: Input, cluster: Cluster): Promise<ExitCode> {
  const { flags } = input;
  const batch = flags.text("backupbatch");
  const configuration = flags.text("backupconfig");
  const word = batch === undefined ? configuration && `backupconfiguration/${configuration}` : `backupbatch/${batch}`;
  if (word === undefined) throw new UsageError("which backup?", "name it with --backupbatch or --backupconfig");
  const { object, raw } = await findInvoker(cluster, word);
  tell(input, `${object.kind} ${object.metadata.name}`, raw);
  const { repository } = object.spec;
  await tellRepository(input, cluster, repository?.namespace || cluster.namespace, repository?.name);
  const sessions = await readObjects(cluster, KINDS.BackupSession, parseBackupSession);
  const bad = sessions.entries
    .map((entry) => entry.object)
    .filter(({ spec }) => spec.invoker?.name === object.metadata.name && spec.invoker.kind === object.kind)
    .filter(({ status }) => status?.phase !== "Succeeded")
    .sort(byAge)
    .slice(0, MOST_SESSIONS);
  for (const { metadata, status } of bad) {
    const isSilent = status?.phase === undefined || status.phase === "Pending" || status.phase === "Skipped";
    await tellRun(input, `session/${metadata.name}`, !isSilent);
  }
  if (bad.length === 0) input.terminal.print("no session that is kept has failed");
  return ExitCode.Good;
}

async function debugRestore(input: Input, cluster: Cluster): Promise<ExitCode> {
  const batch = input.flags.text("restorebatch");
  const session = input.flags.text("restoresession");
  const name = batch ?? session;
  if (name === undefined) throw new UsageError("which restore?", "name it with --restorebatch or --restoresession");
  const kind = batch === undefined ? KINDS.RestoreSession : KINDS.RestoreBatch;
  const raw = await cluster.find(kind, cluster.namespace, name);
  if (raw !== undefined) {
    tell(input, `${kind.kind} ${name}`, raw);
    const repository = valueAt(raw, "spec", "repository");
    await tellRepository(
      input,
      cluster,
      textAt(repository, "namespace") || cluster.namespace,
      textAt(repository, "name"),
    );
  }
  await tellRun(input, `${batch === undefined ? "restoresession" : "restore"}/${name}`, true);
  return ExitCode.Good;
}

async function debugOperator(input: Input, cluster: Cluster): Promise<ExitCode> {
  const namespace = input.flags.text("installation") ?? Install.Namespace;
  const pods = await cluster.list(PODS, namespace);
  for (const pod of pods) {
    const [container] = listAt(pod, "spec", "containers").flatMap((one) => textAt(one, "name") ?? []);
    const name = textAt(pod, "metadata", "name") ?? "";
    if (container === undefined || !PROGRAMS.some((program) => name.startsWith(program))) continue;
    title(input, `Log of ${name}`);
    const { stream, end } = lineWriter((line) => input.terminal.print(plainText(line)));
    const into = new PassThrough();
    into.pipe(stream);
    await cluster.copyLog(namespace, { pod: name, container, follow: false, since: undefined }, into);
    await end;
  }
  return ExitCode.Good;
}

async function tellRepository(input: Input, cluster: Cluster, namespace: string, name: string | undefined) {
  if (name === undefined) return;
  try {
    const raw = await cluster.find(KINDS.Repository, namespace, name);
    if (raw === undefined) title(input, `Repository ${namespace}/${name} does not exist`);
    else tell(input, `Repository ${namespace}/${name}`, raw);
  } catch (thrown) {
    title(input, `Repository ${namespace}/${name}: ${toUserError(thrown).message}`);
  }
}

async function tellRun(input: Input, word: string, hasLogs: boolean): Promise<void> {
  const shared = { ...input, words: [word], format: Format.Table };
  title(input, word);
  await runDescribe(shared);
  if (!hasLogs) return;
  title(input, `Logs of ${word}`);
  const flags = flagValues({ ...plainFlags(input), follow: false });
  await runLogs({ ...shared, flags }).catch((thrown: unknown) => input.terminal.print(toUserError(thrown).message));
}

/** The flags that say which cluster and namespace. */
function plainFlags({ flags }: Input): Readonly<Record<string, unknown>> {
  return Object.fromEntries(["namespace", "context", "kubeconfig"].map((name) => [name, flags.text(name)]));
}

function title({ terminal }: Input, text: string): void {
  terminal.print(`\n=== ${plainText(text)}`);
}

function tell(input: Input, what: string, raw: unknown): void {
  title(input, what);
  const object = isJsonObject(raw) ? raw : {};
  const metadata = valueAt(raw, "metadata");
  const { managedFields: _, ...kept } = isJsonObject(metadata) ? metadata : {};
  input.terminal.print(plainLines(stringify({ ...object, metadata: kept }, { lineWidth: 0 }).trimEnd()));
}

function plainLines(text: string): string {
  return text.split("\n").map(plainText).join("\n");
}
