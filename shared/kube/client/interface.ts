/** The client of the API server: typed calls on resources, with errors, time limits and repetition decided once. */
import type { Query, Resource, Selection } from "../resource.ts";
import type { JsonPatchOperation, Patch } from "./patch.ts";
import type { Repeatability } from "./retry.ts";
import type { ListPage, WatchEvent } from "./watch.ts";

/** Turns what the API server sent into a typed value, or throws. `asIs` where the raw JSON is wanted. */
export type Parse<T> = (value: unknown) => T;

/** The parser that promises nothing. */
export const asIs: Parse<unknown> = (value) => value;

export interface CallOptions {
  /** Time for one attempt, in milliseconds; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Most repetitions after the first attempt; 4 by default. */
  readonly maxRetries?: number;
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The API server checks and answers, but keeps nothing. */
  readonly dryRun?: boolean;
  /** Overrides the client's own name for who owns the written fields. */
  readonly fieldManager?: string;
  /** Overrides what is known about a repetition of this very write; see Repeatability. */
  readonly repeatability?: Repeatability;
}

export interface ListOptions extends CallOptions, Selection {
  /** Objects a page; 500 by default, 0 for the whole list at once. */
  readonly pageSize?: number | undefined;
  /** Only apiVersion, kind and metadata of each object. */
  readonly metadataOnly?: boolean | undefined;
}

export interface KubeList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface WatchOptions extends Selection {
  /** Where to go on: the version of a list, or of the last event. */
  readonly resourceVersion: string;
  /** After how many seconds the API server ends the watch. */
  readonly timeoutSeconds: number;
  readonly metadataOnly?: boolean | undefined;
  /** Time until the API server accepts the watch, in milliseconds. */
  readonly openTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Is called when the watch opens and with every piece of data, also with one that completes no event. */
  readonly onContact?: () => void;
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  /** Delete only this very object, not one that took its name since. */
  readonly uid?: string;
  /** Delete only this version of the object. */
  readonly resourceVersion?: string;
}

/**
 * Calls on the API server. `namespace` is undefined for cluster-scoped resources and, in lists and watches, for all
 * namespaces. Every call throws KubeError when the API server refuses or cannot be reached, the signal's reason when it
 * is aborted, and whatever `parse` throws.
 */
export interface KubeClient {
  get<T>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    parse: Parse<T>,
    options?: CallOptions,
  ): Promise<T>;
  /** As get, but undefined when there is no such object (or no such resource). */
  find<T>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    parse: Parse<T>,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** Reads all pages of a list; if a page expires under way the whole list is read once more, in one piece. */
  list<T>(
    resource: Resource,
    namespace: string | undefined,
    parse: Parse<T>,
    options?: ListOptions,
  ): Promise<KubeList<T>>;
  /** The pages of a list one by one; an expired page throws a KubeError that isExpired. */
  listPages(resource: Resource, namespace: string | undefined, options?: ListOptions): AsyncIterable<ListPage>;
  /** The events of one watch, in order, until the API server ends it. Never repeated: reflector.ts does that. */
  watch(resource: Resource, namespace: string | undefined, options: WatchOptions): AsyncIterable<WatchEvent>;
  /**
   * Creates the object. With `metadata.name` the call is repeated on connection faults, so that AlreadyExists may then
   * mean that the first attempt had succeeded; with `generateName` it is not.
   */
  create<T>(
    resource: Resource,
    namespace: string | undefined,
    body: unknown,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  /** Creates under an object: `token` of a ServiceAccount, `eviction` of a Pod. */
  createSubresource<T>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    subresource: string,
    body: unknown,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  /** Replaces the object that `body` names; with `metadata.resourceVersion` only that version of it. */
  update<T>(
    resource: Resource,
    namespace: string | undefined,
    body: unknown,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  updateStatus<T>(
    resource: Resource,
    namespace: string | undefined,
    body: unknown,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: Patch,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  patchStatus<T>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: Patch,
    parse: Parse<T>,
    options?: WriteOptions,
  ): Promise<T>;
  /** @returns false when the object was already gone (or, with `uid`, replaced by another) */
  delete(resource: Resource, namespace: string | undefined, name: string, options?: DeleteOptions): Promise<boolean>;
  /** Reads any path, such as /version, as text. */
  read(path: string, query?: Query, options?: CallOptions & { readonly accept?: string }): Promise<string>;
  /** Ends all connections; calls under way fail. */
  close(): void;
}

export type { JsonPatchOperation, Patch };
