/** The part of an object that every store needs, whatever its kind. */
import { textAt } from "../json/value.ts";

export interface ObjectMeta {
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** @returns undefined when the value is no stored object (no name or no version) */
export function readObjectMeta(object: unknown): ObjectMeta | undefined {
  const name = textAt(object, "metadata", "name");
  const resourceVersion = textAt(object, "metadata", "resourceVersion");
  if (name === undefined || resourceVersion === undefined) return undefined;
  const namespace = textAt(object, "metadata", "namespace") ?? "";
  return { namespace, name, uid: textAt(object, "metadata", "uid") ?? "", resourceVersion };
}

/** The key under which stores and queues know an object: `namespace/name`, or `name` in a cluster-wide resource. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** Takes an object's key apart again. */
export function splitObjectKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf("/");
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const DECIMAL = /^\d+$/;

/**
 * Whether the version is older than the other. Versions count up within a resource; one that is no number compares to
 * nothing.
 */
export function isOlderVersion(version: string, other: string): boolean {
  if (!DECIMAL.test(version) || !DECIMAL.test(other)) return false;
  return version.length === other.length ? version < other : version.length < other.length;
}
