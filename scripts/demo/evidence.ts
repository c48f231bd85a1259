/** What the site is: its pages and pictures as a visitor gets them, its tables, its files. Taken twice, it is compared. */
import { createHash } from "node:crypto";
import { listAt, textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { describeTree, measureTree } from "../../tests/support/files/tree.ts";
import { KUBERNETES } from "../../tests/support/objects/resources.ts";
import { callHttp, type Origin } from "./wordpress/http.ts";

/** One thing that must be the same afterwards. */
export interface Fact {
  readonly kind: "page" | "table" | "file";
  readonly name: string;
  /** Everything about it that counts. */
  readonly value: string;
}

export interface Evidence {
  readonly facts: readonly Fact[];
  /** Bytes of pages and pictures. */
  readonly servedBytes: number;
  readonly fileBytes: number;
}

export interface Comparison {
  readonly pages: number;
  readonly tables: number;
  readonly files: number;
  readonly servedBytes: number;
  readonly fileBytes: number;
  /** One line for each fact that is missing, new or different. */
  readonly differences: readonly string[];
}

const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

/** Status, type and every byte of what the site answers. */
export async function readPages(origin: Origin, paths: readonly string[]) {
  const facts: Fact[] = [];
  let bytes = 0;
  for (const path of paths) {
    const { status, contentType, body } = await callHttp(origin, { path });
    bytes += body.length;
    facts.push({ kind: "page", name: path, value: `${status} ${contentType} ${body.length} ${sha256(body)}` });
  }
  return { facts, bytes };
}

/** Rows of wp_options that WordPress itself writes anew while it serves pages. */
const FLEETING = "_transient_";

/** Prints one line a table: its name, and a hash of its definition and all its rows. */
export const TABLES_SCRIPT = `
set -eu
login="-h127.0.0.1 -uroot -p$MARIADB_ROOT_PASSWORD"
tables=$(mariadb $login -N -e "SHOW TABLES" wordpress)
for table in $tables; do
  mariadb-dump $login --skip-comments --skip-extended-insert --order-by-primary wordpress "$table" >/tmp/table.sql
  echo "$table $(sed /${FLEETING}/d /tmp/table.sql | sha256sum | cut -d' ' -f1)"
done`;

/** @param output what TABLES_SCRIPT printed */
export function parseTables(output: string): readonly Fact[] {
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", value = ""] = line.split(" ");
      return { kind: "table", name, value };
    });
}

/** Folder of this machine behind a claim. @throws Error when the claim has no volume of a folder */
export async function findVolumeFolder(client: KubeClient, namespace: string, claim: string): Promise<string> {
  const read = (raw: unknown) => ({
    namespace: textAt(raw, "spec", "claimRef", "namespace"),
    claim: textAt(raw, "spec", "claimRef", "name"),
    folder: textAt(raw, "spec", "hostPath", "path") ?? textAt(raw, "spec", "local", "path"),
  });
  const { items } = await client.list(KUBERNETES.PersistentVolume, undefined, read);
  const folder = items.find((volume) => volume.namespace === namespace && volume.claim === claim)?.folder;
  if (folder === undefined) throw new Error(`claim ${namespace}/${claim} has no folder`);
  return folder;
}

/** Every file below a folder: content, mode, owner, time, links. */
export async function readFiles(folder: string): Promise<{ readonly facts: readonly Fact[]; readonly bytes: number }> {
  const lines = await describeTree(folder);
  const facts = lines.map((line): Fact => {
    const end = line.indexOf('" ') + 1;
    return { kind: "file", name: line.slice(0, end), value: line.slice(end + 1) };
  });
  return { facts, bytes: (await measureTree(folder)).bytes };
}

/** Address of the one pod that a selector finds. */
export async function findPodAddress(client: KubeClient, namespace: string, labelSelector: string): Promise<string> {
  const { items } = await client.list(KUBERNETES.Pod, namespace, (raw) => raw, { labelSelector });
  const addresses = items.flatMap((pod) => {
    const isReady = listAt(pod, "status", "conditions").some((condition) => {
      return textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True";
    });
    return isReady ? [textAt(pod, "status", "podIP") ?? ""] : [];
  });
  const [address] = addresses;
  if (addresses.length !== 1 || address === undefined) {
    throw new Error(`${addresses.length} pods ${labelSelector} are ready instead of one`);
  }
  return address;
}

export function compareEvidence(before: Evidence, after: Evidence): Comparison {
  const keyOf = ({ kind, name }: Fact) => `${kind} ${name}`;
  const had = new Map(before.facts.map((fact) => [keyOf(fact), fact.value]));
  const has = new Map(after.facts.map((fact) => [keyOf(fact), fact.value]));
  const differences = [
    ...[...had].flatMap(([key, value]) => {
      const now = has.get(key);
      if (now === undefined) return [`${key} is missing`];
      return now === value ? [] : [`${key} differs: ${value} became ${now}`];
    }),
    ...[...has.keys()].filter((key) => !had.has(key)).map((key) => `${key} is new`),
  ];
  const count = (kind: Fact["kind"]) => before.facts.filter((fact) => fact.kind === kind).length;
  return {
    pages: count("page"),
    tables: count("table"),
    files: count("file"),
    servedBytes: before.servedBytes,
    fileBytes: before.fileBytes,
    differences,
  };
}
