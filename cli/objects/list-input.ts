/** What all lists of objects have in common: the words that choose among them, and how they end. */
import type { Cluster } from "../cluster/interface.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import type { Column } from "../terminal/table.ts";
import { type Entry, notFound, type ReadObjects } from "./read.ts";

interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/**
 * Entries that the words name; all without words.
 *
 * @throws UserError NOT_FOUND for a name that nothing has
 */
export function chosenEntries<T extends Named>(
  entries: readonly Entry<T>[],
  words: readonly string[],
  kind: string,
  cluster: Cluster,
): readonly Entry<T>[] {
  const names = entries.map(({ object }) => object.metadata.name);
  for (const name of words) {
    if (!names.includes(name)) throw notFound(kind, { namespace: cluster.namespace, name }, names);
  }
  return words.length === 0 ? entries : entries.filter(({ object }) => words.includes(object.metadata.name));
}

/** Tells what could not be read. */
export function endOf({ terminal }: Input, ...reads: readonly Pick<ReadObjects<unknown>, "failures">[]): ExitCode {
  const failures = reads.flatMap((read) => read.failures);
  for (const failure of failures) terminal.note(`can't be read: ${failure.replace(/\s+/g, " ")}`);
  return failures.length > 0 ? ExitCode.Partial : ExitCode.Good;
}

export function namespaceColumn<Row>(cluster: Cluster, namespaceOf: (row: Row) => string): readonly Column<Row>[] {
  return cluster.scope === undefined ? [{ heading: "NAMESPACE", cell: namespaceOf }] : [];
}

export function listOf(raws: readonly unknown[]): object {
  return { apiVersion: "v1", kind: "List", items: raws };
}

/** Where nothing was found. */
export function nothingIn(what: string, { scope }: Cluster): string {
  return scope === undefined ? `there are no ${what}` : `there are no ${what} in namespace ${scope}`;
}

/** Newest first. */
export function byAge(
  a: { readonly metadata: { readonly creationTimestamp?: string } },
  b: { readonly metadata: { readonly creationTimestamp?: string } },
): number {
  return (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "");
}
