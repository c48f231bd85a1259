/** Copies objects into another namespace. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { isAlreadyExists, toUserError } from "../../shared/kube/client/error.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { SECRETS } from "../cluster/resources.ts";
import { listOf } from "../objects/list-input.ts";
import { notFound } from "../objects/read.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { isData, printData } from "../terminal/print.ts";
import { buildCopy } from "./build-object.ts";

interface CopiedKind {
  readonly resource: Resource;
  readonly apiVersion: string;
  readonly kind: string;
  readonly singular: string;
  readonly fields: readonly string[];
}

const SECRET: CopiedKind = {
  resource: SECRETS,
  apiVersion: "v1",
  kind: "Secret",
  singular: "secret",
  fields: ["type", "data"],
};

const ours = (kind: "Repository" | "BackupBatch" | "BackupConfiguration"): CopiedKind => ({
  resource: KINDS[kind],
  apiVersion: KINDS[kind].apiVersion,
  kind,
  singular: `${KINDS[kind].singular}.${KINDS[kind].group}`,
  fields: ["spec"],
});

const SNAPSHOTS: CopiedKind = {
  resource: { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshots", namespaced: true },
  apiVersion: "snapshot.storage.k8s.io/v1",
  kind: "VolumeSnapshot",
  singular: "volumesnapshot.snapshot.storage.k8s.io",
  fields: ["spec"],
};

const COPIED: Readonly<Record<string, CopiedKind>> = {
  repository: ours("Repository"),
  batch: ours("BackupBatch"),
  backupbatch: ours("BackupBatch"),
  backupconfig: ours("BackupConfiguration"),
  backupconfiguration: ours("BackupConfiguration"),
  secret: SECRET,
  volumesnapshot: SNAPSHOTS,
};

export async function runCopy(input: Input): Promise<ExitCode> {
  const { flags, words, format, terminal } = input;
  const [word = "", name = ""] = words;
  const kind = COPIED[word.toLowerCase()];
  if (kind === undefined) throw new UsageError(`${word} is none of ${Object.keys(COPIED).join(", ")}`);
  const to = flags.text("to-namespace");
  if (to === undefined) throw new UsageError("where to?", "name it with --to-namespace");
  const cluster = await openCluster(input);
  if (to === cluster.namespace) throw new UsageError(`${name} is in ${to} already`);
  const raw = await read(cluster, kind, name);
  const secret = kind.kind === "Repository" ? textAt(raw, "spec", "backend", "storageSecretName") : undefined;
  const made: unknown[] = [];
  let isPartial = false;
  async function place(one: CopiedKind, object: ReturnType<typeof buildCopy>): Promise<void> {
    const label = `${one.singular}/${object.metadata.name}`;
    try {
      const answer = await cluster.create(one.resource, to ?? "", object);
      made.push(one === SECRET ? { apiVersion: "v1", kind: "Secret", metadata: valueAt(answer, "metadata") } : answer);
      if (format === Format.Name) terminal.print(label);
      else if (!isData(format)) terminal.print(`${label} copied to ${to}`);
    } catch (thrown) {
      if (!isAlreadyExists(thrown)) throw thrown;
      isPartial = true;
      terminal.note(`${label} is in ${to} already, and was left as it is: ${toUserError(thrown).message}`);
    }
  }
  // First what the other one names.
  if (secret !== undefined && !flags.isOff("secret")) {
    await place(SECRET, buildCopy(await read(cluster, SECRET, secret), SECRET, to, SECRET.fields));
  }
  await place(kind, withPause(buildCopy(raw, kind, to, kind.fields), flags.has("paused")));
  if (isData(format)) printData(input, listOf(made));
  return isPartial ? ExitCode.Partial : ExitCode.Good;
}

async function read(cluster: Cluster, { resource, kind }: CopiedKind, name: string): Promise<unknown> {
  const found = await cluster.find(resource, cluster.namespace, name);
  if (found !== undefined) return found;
  const others = await cluster.list(resource, cluster.namespace).catch(() => []);
  const names = others.map((other) => textAt(other, "metadata", "name") ?? "");
  throw notFound(kind, { namespace: cluster.namespace, name }, names);
}

function withPause(object: ReturnType<typeof buildCopy>, isPaused: boolean): ReturnType<typeof buildCopy> {
  const spec = valueAt(object, "spec");
  return isPaused && isJsonObject(spec) ? { ...object, spec: { ...spec, paused: true } } : object;
}
