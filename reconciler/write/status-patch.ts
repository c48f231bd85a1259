/**
 * Writing of status: only what changes, and never over what another wrote in between. A version guards it, never a JSON
 * Patch `test` of a value: API servers compare those as raw text, and theirs spells `<`, `>` and `&` in another way.
 */
import { messageOf } from "../../shared/errors.ts";
import { isConflict, isNotFound, isRefused, type KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient, Parse, WriteOptions } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { buildMergePatch } from "./merge-patch.ts";

/** What became of a status write. */
export type StatusWrite<T> =
  | { readonly kind: "written"; readonly object: T }
  /** Nothing was to change; no call was made. */
  | { readonly kind: "unchanged" }
  /** What the write builds on is no longer so: read again and decide anew. */
  | { readonly kind: "conflict"; readonly detail: string }
  /** The object is not there any more. */
  | { readonly kind: "gone" }
  /** The API server takes no such status, now or later: the same write must not be sent again. */
  | { readonly kind: "refused"; readonly error: KubeError };

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
 * Writes the changed fields by merge patch. Lists are replaced whole, so a status whose lists have several writers needs
 * the version.
 *
 * @param resourceVersion when given, the write counts only if the object is still at this version
 * @throws KubeError when the API server can't be reached, or lacks rights for it
 */
export async function mergeStatus<T>(
  client: StatusWriter,
  { resource, namespace, name }: StatusAddress,
  change: StatusChange & { readonly resourceVersion?: string | undefined },
  parse: Parse<T>,
  options?: WriteOptions,
): Promise<StatusWrite<T>> {
  const status = buildMergePatch(change.before, change.after);
  if (status === undefined) return { kind: "unchanged" };
  const { resourceVersion } = change;
  const body = resourceVersion === undefined ? { status } : { metadata: { resourceVersion }, status };
  const patch = { kind: "merge", body } as const;
  try {
    return { kind: "written", object: await client.patchStatus(resource, namespace, name, patch, parse, options) };
  } catch (thrown) {
    if (isNotFound(thrown)) return { kind: "gone" };
    if (isConflict(thrown)) return { kind: "conflict", detail: messageOf(thrown) };
    if (isRefused(thrown)) return { kind: "refused", error: thrown };
    throw thrown;
  }
}
