/**
 * The edge between what the API server sends and what a program keeps: reads, shrinks and freezes objects, stores them,
 * and tells the handlers what really changed. An object that cannot be read is reported and never stops the stream.
 */
import { type ObjectMeta, objectKey, readObjectMeta } from "../object-meta.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { Change, Indexer } from "./indexer.ts";
import type { ReflectorSink, Replacement } from "./reflector.ts";

/** Told after the store changed, in order. Must not block; a throw is reported and goes no further. */
export interface ChangeHandler<T> {
  readonly add?: (object: T) => void;
  readonly update?: (before: T, after: T) => void;
  /** @param object last known version; the deletion itself may have been missed */
  readonly delete?: (object: T) => void;
}

export interface StoreOptions<T, I extends string> {
  readonly indexer: Indexer<T, I>;
  /** Reads and shrinks one object; undefined leaves it out, a throw leaves the last readable version in place. */
  readonly transform: (object: unknown) => T | undefined;
  readonly onUnreadable: (key: string, error: unknown) => void;
  readonly onHandlerError: (key: string, error: unknown) => void;
}

export class Store<T, I extends string> implements ReflectorSink {
  readonly #options: StoreOptions<T, I>;
  readonly #indexer: Indexer<T, I>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #unreadable = new Map<string, string>();

  constructor(options: StoreOptions<T, I>) {
    this.#options = options;
    this.#indexer = options.indexer;
  }

  /** Keys of the objects whose newest version cannot be read, with the reason. */
  get unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable;
  }

  /** Adds a handler; it is told of the objects held already as added. @returns takes it away again */
  subscribe(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const key of this.#indexer.keys()) {
      const object = this.#indexer.get(key);
      if (object !== undefined) this.#tell(handler, { kind: "add", key, object });
    }
    return () => this.#handlers.delete(handler);
  }

  upsert(raw: unknown): void {
    this.#take(raw);
  }

  remove(raw: unknown): void {
    const meta = readObjectMeta(raw);
    if (meta !== undefined) this.#drop(objectKey(meta.namespace, meta.name));
  }

  /**
   * Takes a whole list, page by page. Only real differences come out; what the list no longer holds goes when it is
   * complete. A list that breaks off has removed nothing.
   */
  replace(): Replacement {
    const seen = new Set<string>();
    return {
      add: (items) => {
        for (const raw of items) {
          const key = this.#take(raw);
          if (key !== undefined) seen.add(key);
        }
      },
      commit: () => {
        const known = new Set([...this.#indexer.keys(), ...this.#unreadable.keys()]);
        for (const key of known) if (!seen.has(key)) this.#drop(key);
      },
    };
  }

  /** @returns the object's key, undefined when it has none */
  #take(raw: unknown): string | undefined {
    const meta = readObjectMeta(raw);
    if (meta === undefined) {
      this.#options.onUnreadable("", new TypeError("an object without name or resourceVersion"));
      return undefined;
    }
    const key = objectKey(meta.namespace, meta.name);
    if (!this.#indexer.holds(meta)) this.#keep(key, meta, raw);
    return key;
  }

  #keep(key: string, meta: ObjectMeta, raw: unknown): void {
    let object: T | undefined;
    try {
      object = this.#options.transform(raw);
    } catch (error) {
      this.#unreadable.set(key, error instanceof Error ? error.message : String(error));
      this.#options.onUnreadable(key, error);
      return;
    }
    this.#unreadable.delete(key);
    const changes = object === undefined ? this.#indexer.remove(key) : this.#indexer.put(meta, deepFreeze(object));
    this.#tellAll(changes);
  }

  #drop(key: string): void {
    this.#unreadable.delete(key);
    this.#tellAll(this.#indexer.remove(key));
  }

  #tellAll(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const handler of this.#handlers) this.#tell(handler, change);
  }

  #tell(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      if (change.kind === "add") handler.add?.(change.object);
      else if (change.kind === "update") handler.update?.(change.before, change.object);
      else handler.delete?.(change.object);
    } catch (error) {
      this.#options.onHandlerError(change.key, error);
    }
  }
}
