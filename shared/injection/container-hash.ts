/** The hash by which a pod template says which container it carries. */
import { canonicalJson, fnv1a64Decimal } from "../hash.ts";
import { DEFAULT_RESOURCES } from "./container-resources.ts";
import type { InjectionView } from "./view.ts";
import type { JsonObject } from "./workload.ts";

/** Grows when equal facts are to give another hash. Then every workload's pods are restarted once. */
const HASH_FORMAT = 1;

/** The fields by which an invoker is known for ever. */
export interface InvokerIdentity {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Covers what the container was built from and not how it was built, so that a new version of the product, which may build
 * it otherwise, restarts nobody by itself. A backup's does not cover which invoker the arguments name: the agent serves all
 * sessions of its target. The target is in, so that a template copied to another workload differs.
 *
 * @param origin what a running pod can't learn later
 * @param restore invoker whose restore the container does; undefined for a backup
 * @returns decimal FNV-1a-64
 */
export function hashContainer(origin: JsonObject, view: InjectionView, restore: InvokerIdentity | undefined): string {
  const { kind, namespace, name } = view.workload;
  const { image, pinnedImage, followsImage, resources = DEFAULT_RESOURCES } = view.settings;
  const followed = followsImage && restore === undefined;
  return hashOnce({
    format: HASH_FORMAT,
    origin,
    target: { kind, namespace, name },
    ...(followed && { image, resources: resources.sidecar }),
    ...(pinnedImage !== undefined && restore === undefined && { pinnedImage }),
    ...(restore !== undefined && { invoker: identityOf(restore) }),
  });
}

/** These fields alone, whatever else the invoker has. */
export function identityOf<I extends InvokerIdentity>(invoker: I): Pick<I, keyof InvokerIdentity> {
  const { kind, namespace, name, uid } = invoker;
  return { kind, namespace, name, uid };
}

/** Labels and blueprints make their members anew with every review, and then the same hash is asked for again. */
const REMEMBERED_HASHES = 2_000;
const hashes = new Map<string, string>();

function hashOnce(content: JsonObject): string {
  const text = JSON.stringify(content);
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const hash = fnv1a64Decimal(canonicalJson(content));
  if (hashes.size >= REMEMBERED_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}
