/** Objects of one kind, read and parsed one by one: a bad one is told, and hides no good one. */
import type { KindEntry } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import type { Selection } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import { nearestNames } from "../cluster/nearest-names.ts";

export interface Entry<T> {
  /** As the API server sent it. */
  readonly raw: unknown;
  readonly object: T;
}

export interface ReadObjects<T> {
  readonly entries: readonly Entry<T>[];
  /** Why single objects could not be read. */
  readonly failures: readonly string[];
}

export type Parse<T> = (raw: unknown) => T;

/** All objects of the kind that the command looks at. @param namespace the scope of the flags by default */
export async function readObjects<T>(
  cluster: Cluster,
  kind: KindEntry,
  parse: Parse<T>,
  { namespace = cluster.scope, ...selection }: Selection & { readonly namespace?: string | undefined } = {},
): Promise<ReadObjects<T>> {
  const raws = await cluster.list(kind, namespace, selection);
  return parseAll(
    raws.map((raw) => withKind(raw, kind)),
    parse,
  );
}

/** Lists leave kind and apiVersion out of their items. */
function withKind(raw: unknown, { kind, apiVersion }: KindEntry): unknown {
  return typeof raw === "object" && raw !== null ? { apiVersion, kind, ...raw } : raw;
}

export function parseAll<T>(raws: readonly unknown[], parse: Parse<T>): ReadObjects<T> {
  const entries: Entry<T>[] = [];
  const failures: string[] = [];
  for (const raw of raws) {
    try {
      entries.push({ raw, object: parse(raw) });
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      failures.push(thrown.message);
    }
  }
  return { entries, failures };
}

/**
 * Reads one object.
 *
 * @throws UserError NOT_FOUND with the nearest names
 */
export async function readOne<T>(
  cluster: Cluster,
  kind: KindEntry,
  parse: Parse<T>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Entry<T>> {
  const found = await cluster.find(kind, namespace, name);
  if (found !== undefined) return { raw: found, object: parse(found) };
  const others = await cluster.list(kind, namespace).catch(() => []);
  throw notFound(
    kind.kind,
    { namespace, name },
    others.map((other) => textAt(other, "metadata", "name") ?? ""),
  );
}

/** No such object, with what was meant. */
export function notFound(
  kind: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  names: readonly string[],
): UserError {
  const near = nearestNames(name, names);
  const some = names.slice(0, 5).join(", ");
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : "";
  const next =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : names.length === 0
        ? `there is none in ${namespace}: name another namespace with -n, or look with -A`
        : `there are ${some}${rest}`;
  return new UserError("NOT_FOUND", `there is no ${kind} ${namespace}/${name}`, { next });
}

/** `backupbatch.stash.appscode.com/shop`, as kubectl writes it. */
export function kubectlName({ singular, group }: KindEntry, name: string): string {
  return `${singular}.${group}/${name}`;
}
