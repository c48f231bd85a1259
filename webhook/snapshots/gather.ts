/** Reads snapshots from the status of Repositories, a few at a time: no more of them is held than an answer needs. */
import { setTimeout as sleep } from "node:timers/promises";
import { KINDS } from "../../shared/api/kinds.ts";
import type { ListedSnapshot } from "../../shared/api/listed-snapshot.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { NAME_MAX_LENGTH } from "../../shared/names.ts";
import { type Cursor, compareRepositories, formatCursor, isBefore } from "./cursor.ts";
import type { DeletionOrders } from "./deletion-orders.ts";
import { buildSnapshot, fieldsOf, findWarning, oldestFirst, snapshotName } from "./object.ts";
import type { ListCall, OneCall } from "./read-call.ts";
import type { Snapshot } from "./resource.ts";
import { notFound, Refusal } from "./status.ts";

export interface GatherPorts {
  readonly client: Pick<KubeClient, "find" | "listPages">;
  readonly orders: Pick<DeletionOrders, "find">;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** A Repository may hold half a megabyte. */
const PAGE_SIZE = 4;
/** Of a list in one piece. */
const MAX_SNAPSHOTS = 1_000;
/** Nobody reads more. */
const MAX_WARNINGS = 5;

export interface GatheredList {
  readonly snapshots: readonly Snapshot[];
  readonly continue?: string;
  readonly warnings: readonly string[];
}

/** @throws Refusal for more than fits into an answer without a limit; KubeError */
export async function gatherList(call: ListCall, ports: GatherPorts): Promise<GatheredList> {
  const { namespace, limit, after } = call;
  const deleting = await ports.orders.find(namespace, ports.signal);
  const snapshots: Snapshot[] = [];
  const warnings: string[] = [];
  let last: Cursor | undefined;
  for await (const found of repositoriesIn(namespace, ports)) {
    if (typeof found === "string") {
      warnings.push(found);
      continue;
    }
    const { metadata, status } = found;
    const place = { namespace: metadata.namespace, repository: metadata.name };
    if (after !== undefined && compareRepositories(place, after) < 0) continue;
    const warning = findWarning(found, ports.now);
    // Of Repositories that the selection leaves out nobody wants to hear.
    if (warning !== undefined && isWanted(call, found)) warnings.push(warning);
    for (const listed of oldestFirst(status?.snapshots ?? [])) {
      const at = { ...place, timeMs: Date.parse(listed.time), id: listed.id };
      if (after !== undefined && isBefore(at, after)) continue;
      const snapshot = buildSnapshot(found, listed, deleting.get(metadata.uid, listed.id));
      if (!call.labels(snapshot.metadata.labels ?? {}) || !call.fields.matches(fieldsOf(snapshot))) continue;
      if (limit !== undefined && snapshots.length === limit && last !== undefined) {
        return { snapshots, continue: formatCursor(last), warnings: warnings.slice(0, MAX_WARNINGS) };
      }
      if (snapshots.length === MAX_SNAPSHOTS) {
        throw new Refusal("BadRequest", `there are more than ${MAX_SNAPSHOTS} snapshots: list them with a limit`);
      }
      snapshots.push(snapshot);
      last = at;
    }
  }
  return { snapshots, warnings: warnings.slice(0, MAX_WARNINGS) };
}

/** Whether a snapshot of the Repository, whatever its host, could be selected by the Repository's labels and name. */
function isWanted({ labels, fields }: ListCall, repository: Repository): boolean {
  const { namespace, name } = repository.metadata;
  const any = { id: "0".repeat(64), time: "1970-01-01T00:00:00Z", hostname: "" };
  const snapshot = buildSnapshot(repository, any, undefined);
  const isNamed = fields.name === undefined || fields.name.startsWith(name.slice(0, NAME_MAX_LENGTH - 9));
  const facts = { ...fieldsOf(snapshot), "metadata.name": fields.name ?? "", "metadata.namespace": namespace };
  return isNamed && labels(snapshot.metadata.labels ?? {}) && fields.matches(facts);
}

export interface FoundSnapshot {
  readonly repository: Repository;
  readonly listed: ListedSnapshot;
  readonly snapshot: Snapshot;
  /** How many snapshots of the namespace wait for their deletion. */
  readonly openDeletions: number;
}

/** @throws Refusal NotFound; Conflict where two have the name */
export async function gatherOne(
  { namespace, name }: Pick<OneCall, "namespace" | "name">,
  ports: GatherPorts,
): Promise<FoundSnapshot> {
  const found: FoundSnapshot[] = [];
  const deleting = await ports.orders.find(namespace, ports.signal);
  for await (const repository of candidatesFor(namespace, name, ports)) {
    for (const listed of repository.status?.snapshots ?? []) {
      if (snapshotName(repository.metadata.name, listed.id) !== name) continue;
      const deletedAt = deleting.get(repository.metadata.uid, listed.id);
      const snapshot = buildSnapshot(repository, listed, deletedAt);
      found.push({ repository, listed, snapshot, openDeletions: deleting.count });
    }
  }
  const [first] = found;
  if (first === undefined) throw notFound(name);
  if (found.length > 1) throw new Refusal("Conflict", `several snapshots are named ${name}`, name);
  return first;
}

/** A short name holds the Repository's in full; of a long one the end may be missing. */
async function* candidatesFor(namespace: string, name: string, ports: GatherPorts): AsyncGenerator<Repository> {
  if (name.length < NAME_MAX_LENGTH) {
    const { client, signal } = ports;
    const found = await client.find(KINDS.Repository, namespace, name.slice(0, -9), parseRepository, { signal });
    if (found !== undefined) yield found;
    return;
  }
  for await (const found of repositoriesIn(namespace, ports)) if (typeof found !== "string") yield found;
}

/**
 * Those that can be read; a word for each of the others. After each page it rests for as long as that took: whoever lists without end
 * leaves most of the process to admission.
 */
async function* repositoriesIn(
  namespace: string | undefined,
  { client, signal }: GatherPorts,
): AsyncGenerator<Repository | string> {
  for await (const { items } of client.listPages(KINDS.Repository, namespace, { pageSize: PAGE_SIZE, signal })) {
    const startedAt = performance.now();
    for (const item of items) {
      try {
        yield parseRepository(item);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const [at, name] = [textAt(item, "metadata", "namespace"), textAt(item, "metadata", "name")];
        yield `Repository ${at}/${name} can't be read: its snapshots are left out`;
      }
    }
    await sleep(performance.now() - startedAt, undefined, { signal });
  }
}
