/** Writing of status: only what changes, and never over what another wrote in between. */
import type { KubeClient, Parse, WriteOptions } from "./client.ts";
import { buildGuardedPatch, buildMergePatch } from "./json-diff.ts";
import { isConflict, isNotFound, KubeError } from "./kube-error.ts";
import type { JsonPatchOperation, Patch } from "./patch.ts";
import type { Resource } from "./resource.ts";

/** What became of a status write. */
export type StatusWrite<T> =
  | { readonly kind: "written"; readonly object: T }
  /** Nothing was to change; no call was made. */
  | { readonly kind: "unchanged" }
  /** What the write builds on is no longer so: read again and decide anew. */
  | { readonly kind: "conflict"; readonly detail: string }
  /** The object is not there any more. */
  | { readonly kind: "gone" };

/** Which object's status. */
export interface StatusAddress {
  readonly resource: Resource;
  /** undefined for cluster-scoped resources. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface StatusChange {
  /** Value of `status` that the decision was made on. */
  readonly before: unknown;
  /** Value of `status` as it should be. */
  readonly after: unknown;
}

type StatusWriter = Pick<KubeClient, "patchStatus">;

/**
 * Writes the changed fields by merge patch: for status that has one writer. Lists are replaced whole, so it must not be
 * used where another program writes into entries of a list.
 *
 * @param resourceVersion when given, the write counts only if the object is still at this version
 */
export async function mergeStatus<T>(
  client: StatusWriter,
  address: StatusAddress,
  change: StatusChange & { readonly resourceVersion?: string },
  parse: Parse<T>,
  options?: WriteOptions,
): Promise<StatusWrite<T>> {
  const status = buildMergePatch(change.before, change.after);
  if (status === undefined) return { kind: "unchanged" };
  const { resourceVersion } = change;
  const body = resourceVersion === undefined ? { status } : { metadata: { resourceVersion }, status };
  return write(client, address, { kind: "merge", body }, parse, options);
}

/**
 * Writes the changed fields by JSON patch, each guarded by a test of its former value: for status whose lists have
 * entries of several writers. See buildGuardedPatch for what is tested.
 *
 * @param guards further tests that must hold, such as the hostname of the entry at an index
 */
export async function patchStatusWithTest<T>(
  client: StatusWriter,
  address: StatusAddress,
  change: StatusChange & { readonly guards?: readonly StatusGuard[] },
  parse: Parse<T>,
  options?: WriteOptions,
): Promise<StatusWrite<T>> {
  const changes = buildGuardedPatch(change.before, change.after, "/status");
  if (changes.length === 0) return { kind: "unchanged" };
  const guards = (change.guards ?? []).map(({ path, value }): JsonPatchOperation => ({ op: "test", path, value }));
  return write(client, address, { kind: "json", operations: [...guards, ...changes] }, parse, options);
}

export interface StatusGuard {
  /** JSON pointer from the object's root, such as /status/targets/0/stats/1/hostname. */
  readonly path: string;
  readonly value: unknown;
}

/**
 * Reads the object, decides its status and writes it; on a conflict from the start, up to five times.
 *
 * @param decide gets the newest object; undefined when nothing is to be written
 * @returns the last outcome, a conflict when all tries met one
 */
export async function writeLatestStatus<T>(
  client: StatusWriter & Pick<KubeClient, "find">,
  address: StatusAddress,
  parse: Parse<T>,
  decide: (object: T) => StatusChange | undefined,
  options?: WriteOptions,
): Promise<StatusWrite<T>> {
  let outcome: StatusWrite<T> = { kind: "unchanged" };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const object = await client.find(address.resource, address.namespace, address.name, parse, options);
    if (object === undefined) return { kind: "gone" };
    const change = decide(object);
    if (change === undefined) return { kind: "unchanged" };
    // A status that is not there yet has no fields to test, and a JSON patch could not add to it.
    outcome =
      change.before === undefined
        ? await mergeStatus(client, address, change, parse, options)
        : await patchStatusWithTest(client, address, change, parse, options);
    if (outcome.kind !== "conflict") return outcome;
  }
  return outcome;
}

const MAX_ATTEMPTS = 5;

async function write<T>(
  client: StatusWriter,
  { resource, namespace, name }: StatusAddress,
  patch: Patch,
  parse: Parse<T>,
  options: WriteOptions | undefined,
): Promise<StatusWrite<T>> {
  try {
    return { kind: "written", object: await client.patchStatus(resource, namespace, name, patch, parse, options) };
  } catch (thrown) {
    if (isNotFound(thrown)) return { kind: "gone" };
    if (isConflict(thrown) || (patch.kind === "json" && isUnfitPatch(thrown))) {
      return { kind: "conflict", detail: thrown instanceof Error ? thrown.message : "" };
    }
    throw thrown;
  }
}

/**
 * A JSON patch that does not fit the object (a test failed, a path is not there) is answered with 422 and no causes; an
 * object that became invalid by it names the fields in causes.
 */
export function isUnfitPatch(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.status === 422 && thrown.causes.length === 0;
}
