/** The three ways to change a part of an object, and what repeating each of them does. */

/**
 * One operation of a JSON Patch (RFC 6902). There is no `test`: API servers compare their own spelling of a value, in which `<`,
 * `>` and `&` never are what was written. atVersion() binds a patch to what was read.
 */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

export type Patch =
  /** Operations in order, all or none. */
  | { readonly kind: "json"; readonly operations: readonly JsonPatchOperation[] }
  /** JSON merge patch (RFC 7386): named fields are set, `null` removes, lists are replaced whole. */
  | { readonly kind: "merge"; readonly body: unknown }
  /** Server-side apply of a whole intent, with apiVersion, kind and metadata.name; creates the object when it is missing. */
  | { readonly kind: "apply"; readonly body: unknown; readonly force?: boolean };

export const PATCH_CONTENT_TYPE = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  // YAML is a superset of JSON, and this is the only name that servers before 1.32 know for it.
  apply: "application/apply-patch+yaml",
} as const satisfies Record<Patch["kind"], string>;

/** The request body of a patch. */
export function patchBody(patch: Patch): string {
  return JSON.stringify(patch.kind === "json" ? patch.operations : patch.body);
}

const VERSION_PATH = "/metadata/resourceVersion";

/** Binds a JSON patch to the version that was read: API servers refuse it with 409 once the object has changed. */
export function atVersion(resourceVersion: string): JsonPatchOperation {
  return { op: "replace", path: VERSION_PATH, value: resourceVersion };
}

/**
 * Whether running the patch twice leaves what running it once does. Merge and apply patches state the wished result.
 * A JSON patch does so when it is bound to a version and appends to no list.
 */
export function isRepeatablePatch(patch: Patch): boolean {
  if (patch.kind !== "json") return true;
  const isBound = patch.operations.some(({ path }) => path === VERSION_PATH);
  return isBound && !patch.operations.some(({ op, path }) => op === "add" && path.endsWith("/-"));
}
