/** Objects in memory, found by key and by indexes. Knows nothing of where they come from. */
import { type ObjectMeta, objectKey } from "../object-meta.ts";

/** For each name of an index, the values under which an object is found; none leaves it out. */
export type Indexers<T, I extends string> = Readonly<Record<I, (object: T) => readonly string[]>>;

/** What a write to the store changed. An object that took the name of another is a delete and an add. */
export type Change<T> =
  | { readonly kind: "add"; readonly key: string; readonly object: T }
  | { readonly kind: "update"; readonly key: string; readonly before: T; readonly object: T }
  | { readonly kind: "delete"; readonly key: string; readonly object: T };

interface Entry<T> {
  readonly key: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly object: T;
}

/** Objects under one value of an index; a Map by key, since entries are replaced with each version. */
type Bucket<T> = Map<string, Entry<T>>;

/** Objects by key, namespace and index. Returned lists are the caller's own; the objects in them must not be changed. */
export class Indexer<T, I extends string = never> {
  readonly #indexers: readonly (readonly [I, (object: T) => readonly string[]])[];
  readonly #entries = new Map<string, Entry<T>>();
  readonly #namespaces = new Map<string, Bucket<T>>();
  readonly #indexes = new Map<I, Map<string, Bucket<T>>>();

  constructor(indexers: Indexers<T, I>) {
    const names: readonly I[] = keysOf(indexers);
    this.#indexers = names.map((name) => [name, indexers[name]] as const);
    for (const name of names) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** @param namespace all namespaces when undefined */
  list(namespace?: string): T[] {
    return objectsOf(namespace === undefined ? this.#entries : this.#namespaces.get(namespace));
  }

  byIndex(index: I, value: string): T[] {
    return objectsOf(this.#indexes.get(index)?.get(value));
  }

  /** Whether exactly this version of this object is held. */
  holds(meta: ObjectMeta): boolean {
    const entry = this.#entries.get(objectKey(meta.namespace, meta.name));
    return entry !== undefined && entry.uid === meta.uid && entry.resourceVersion === meta.resourceVersion;
  }

  put(meta: ObjectMeta, object: T): readonly Change<T>[] {
    const key = objectKey(meta.namespace, meta.name);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#unfile(before);
    const { namespace, uid, resourceVersion } = meta;
    this.#file({ key, namespace, uid, resourceVersion, object });
    if (before === undefined) return [{ kind: "add", key, object }];
    if (before.uid === uid) return [{ kind: "update", key, before: before.object, object }];
    return [
      { kind: "delete", key, object: before.object },
      { kind: "add", key, object },
    ];
  }

  remove(key: string): readonly Change<T>[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    this.#unfile(entry);
    this.#entries.delete(key);
    return [{ kind: "delete", key, object: entry.object }];
  }

  #file(entry: Entry<T>): void {
    this.#entries.set(entry.key, entry);
    fileUnder(this.#namespaces, entry.namespace, entry);
    for (const [name, valuesOf] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index !== undefined) for (const value of valuesOf(entry.object)) fileUnder(index, value, entry);
    }
  }

  #unfile(entry: Entry<T>): void {
    unfileFrom(this.#namespaces, entry.namespace, entry.key);
    for (const [name, valuesOf] of this.#indexers) {
      const index = this.#indexes.get(name);
      if (index !== undefined) for (const value of valuesOf(entry.object)) unfileFrom(index, value, entry.key);
    }
  }
}

function objectsOf<T>(bucket: ReadonlyMap<string, Entry<T>> | undefined): T[] {
  const objects: T[] = [];
  if (bucket !== undefined) for (const entry of bucket.values()) objects.push(entry.object);
  return objects;
}

function fileUnder<T>(index: Map<string, Bucket<T>>, value: string, entry: Entry<T>): void {
  const bucket = index.get(value);
  if (bucket === undefined) index.set(value, new Map([[entry.key, entry]]));
  else bucket.set(entry.key, entry);
}

function unfileFrom<T>(index: Map<string, Bucket<T>>, value: string, key: string): void {
  const bucket = index.get(value);
  bucket?.delete(key);
  if (bucket?.size === 0) index.delete(value);
}

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  const keys: K[] = [];
  for (const key in record) keys.push(key);
  return keys;
}
