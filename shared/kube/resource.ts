/** How the API server addresses things: resources, their paths, and what selects among their objects. */

/** What a URL needs to know of a kind; rows of the kinds table fit. */
export interface Resource {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural name as in URLs, such as "backupbatches". */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Which objects of a resource; all when empty. */
export interface Selection {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Query parameters; undefined ones are left out, a list repeats its name. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A text for people and logs, such as "backupbatches.stash.appscode.com demo/nightly". */
export function formatResource(resource: Resource, namespace?: string, name?: string): string {
  const kind = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  if (name === undefined) return namespace === undefined ? kind : `${kind} in ${namespace}`;
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/**
 * Builds the path of a resource, an object or a subresource.
 *
 * @param namespace undefined for cluster-scoped resources, and for all namespaces
 * @param segments object name and subresource, if any
 * @throws TypeError when the namespace does not go with the resource's scope, or a segment is empty: such a path would
 *   address something else, the whole collection for example
 */
export function buildPath(resource: Resource, namespace: string | undefined, ...segments: readonly string[]): string {
  if (namespace !== undefined && !resource.namespaced)
    throw new TypeError(`${formatResource(resource)} has no namespaces, but ${namespace} was given`);
  if (namespace === undefined && resource.namespaced && segments.length > 0)
    throw new TypeError(`${formatResource(resource)} ${segments[0]} needs a namespace`);
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const inside = namespace === undefined ? [] : ["namespaces", namespace];
  const parts = [...inside, resource.plural, ...segments];
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    throw new TypeError(`${formatResource(resource)}: an empty name or namespace cannot be addressed`);
  return `${root}/${parts.map(encodeURIComponent).join("/")}`;
}

/** Builds the query text, with its question mark, or an empty text. */
export function buildQuery(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const one of value) params.append(name, one);
    else params.append(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
