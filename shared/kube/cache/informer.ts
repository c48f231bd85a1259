/** A resource of the API server held in memory, kept current, with handlers and indexes: what programs read from. */
import { type Clock, systemClock } from "../../clock.ts";
import type { KubeClient } from "../client/interface.ts";
import { objectKey } from "../object-meta.ts";
import { formatResource, type Resource, type Selection } from "../resource.ts";
import { Indexer, type Indexers } from "./indexer.ts";
import { Reflector, type ReflectorHealth } from "./reflector.ts";
import { DEFAULT_TIMINGS, type ReflectorTimings } from "./reflector-timings.ts";
import { type ChangeHandler, Store } from "./store.ts";

/** Something that a person may want to know; the informer goes on by itself. */
export type InformerProblem =
  /** A list or watch broke; it is tried again. */
  | { readonly kind: "Fault"; readonly resource: string; readonly error: unknown }
  /** The newest version of an object cannot be read; the last readable one stays. */
  | { readonly kind: "Unreadable"; readonly resource: string; readonly key: string; readonly error: unknown }
  | { readonly kind: "HandlerFailed"; readonly resource: string; readonly key: string; readonly error: unknown }
  /** No contact for `timings.staleAfterMs`. */
  | { readonly kind: "Stale"; readonly resource: string; readonly ageMs: number };

export interface InformerOptions<T, I extends string> extends Selection {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  readonly resource: Resource;
  /** All namespaces when undefined. */
  readonly namespace?: string | undefined;
  /** Only metadata is read and kept. */
  readonly metadataOnly?: boolean;
  /**
   * Reads one object at the edge and shrinks it to what is needed; undefined leaves it out. It may throw: the object is
   * reported and its last readable version stays. What it returns is frozen.
   */
  readonly transform: (object: unknown) => T | undefined;
  readonly indexes: Indexers<T, I>;
  readonly onProblem: (problem: InformerProblem) => void;
  /** No contact for `timings.failAfterMs`: end the process. */
  readonly onFail?: (ageMs: number) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timings?: Partial<ReflectorTimings>;
  readonly pageSize?: number;
}

/** The reading side: all that gather functions need. Objects are frozen and shared. */
export interface Lister<T, I extends string = never> {
  /** @param namespace undefined for cluster-scoped resources */
  get(namespace: string | undefined, name: string): T | undefined;
  /** @param namespace all namespaces when undefined */
  list(namespace?: string): T[];
  byIndex(index: I, value: string): T[];
}

export interface Informer<T, I extends string = never> extends Lister<T, I> {
  start(): void;
  /** No handler is called after the promise is resolved. */
  stop(): Promise<void>;
  /** Resolved when the whole resource was read once; rejected when the informer is stopped before. */
  hasSynced(): Promise<void>;
  healthy(): ReflectorHealth;
  /** Adds a handler; what is held already comes to it as added. @returns takes it away again */
  subscribe(handler: ChangeHandler<T>): () => void;
  /** Keys of objects whose newest version cannot be read, with the reason. */
  unreadable(): ReadonlyMap<string, string>;
  size(): number;
}

/** Makes an informer; it does nothing until `start`. */
export function createInformer<T, I extends string = never>(options: InformerOptions<T, I>): Informer<T, I> {
  const resource = formatResource(options.resource, options.namespace);
  const { onProblem } = options;
  const indexer = new Indexer<T, I>(options.indexes);
  const store = new Store<T, I>({
    indexer,
    transform: options.transform,
    onUnreadable: (key, error) => onProblem({ kind: "Unreadable", resource, key, error }),
    onHandlerError: (key, error) => onProblem({ kind: "HandlerFailed", resource, key, error }),
  });
  const reflector = new Reflector({
    ...options,
    sink: store,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    timings: { ...DEFAULT_TIMINGS, ...options.timings },
    onFault: (error) => onProblem({ kind: "Fault", resource, error }),
    onStale: (ageMs) => onProblem({ kind: "Stale", resource, ageMs }),
    onFail: options.onFail ?? (() => {}),
  });
  return {
    get: (namespace, name) => indexer.get(objectKey(namespace, name)),
    list: (namespace) => indexer.list(namespace),
    byIndex: (index, value) => indexer.byIndex(index, value),
    start: () => reflector.start(),
    stop: () => reflector.stop(),
    hasSynced: () => reflector.hasSynced(),
    healthy: () => reflector.healthy(),
    subscribe: (handler) => store.subscribe(handler),
    unreadable: () => store.unreadable,
    size: () => indexer.size,
  };
}
