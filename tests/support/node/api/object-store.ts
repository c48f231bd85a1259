/** A current copy of every object of one kind, by list and watch, that survives API server restarts and compaction. */
import { setTimeout as delay } from "node:timers/promises";
import type { V1ObjectMeta } from "@kubernetes/client-node";
import { type Kinds, parseKind, parseList, parseRecord } from "./kinds.ts";
import { type KubeApi, untilAnswered } from "./kube-api.ts";

export interface StoreOptions<K extends keyof Kinds> {
  readonly kind: K;
  /** Path of the collection, such as `/api/v1/pods`. */
  readonly path: string;
  readonly fieldSelector?: string;
}

export interface ObjectStore<T> {
  /** Resolves after the first list. */
  readonly synced: Promise<void>;
  get(namespace: string, name: string): T | undefined;
  list(): readonly T[];
  /** Calls back after every change with the object, or with its last state and `deleted`. */
  onChange(listener: (object: T, deleted: boolean) => void): () => void;
  stop(): void;
}

interface Named {
  metadata?: V1ObjectMeta;
}

export function startObjectStore<K extends keyof Kinds>(api: KubeApi, options: StoreOptions<K>): ObjectStore<Kinds[K]> {
  const objects = new Map<string, Kinds[K]>();
  const listeners = new Set<(object: Kinds[K], deleted: boolean) => void>();
  const stopping = new AbortController();
  const firstList = Promise.withResolvers<void>();
  const selector =
    options.fieldSelector === undefined ? "" : `&fieldSelector=${encodeURIComponent(options.fieldSelector)}`;

  function put(object: Kinds[K]): void {
    objects.set(keyOf(object), object);
    for (const listener of listeners) listener(object, false);
  }

  function remove(key: string): void {
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    for (const listener of listeners) listener(object, true);
  }

  async function listOnce(): Promise<string> {
    const answer = await untilAnswered(stopping.signal, () =>
      api.request({ method: "GET", path: `${options.path}?limit=0${selector}`, signal: stopping.signal }),
    );
    const { items, resourceVersion } = parseList(answer);
    const present = new Set<string>();
    for (const item of items) {
      const object = parseKind(options.kind, item);
      const known = objects.get(keyOf(object));
      present.add(keyOf(object));
      if (known?.metadata?.resourceVersion !== object.metadata?.resourceVersion) put(object);
    }
    for (const key of [...objects.keys()]) if (!present.has(key)) remove(key);
    firstList.resolve();
    return resourceVersion;
  }

  async function watchFrom(resourceVersion: string): Promise<void> {
    let newest = resourceVersion;
    let isStale = false;
    while (!isStale) {
      const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${newest}${selector}`;
      await api.readLines(
        `${options.path}?${query}`,
        (line) => {
          const event = parseRecord(line);
          if (event["type"] === "ERROR") {
            isStale = true;
            return;
          }
          const object = parseKind(options.kind, event["object"]);
          newest = object.metadata?.resourceVersion ?? newest;
          if (event["type"] === "DELETED") remove(keyOf(object));
          else if (event["type"] !== "BOOKMARK") put(object);
        },
        stopping.signal,
      );
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await watchFrom(await listOnce());
      } catch {
        // A broken watch or a version that is gone: list again, after a breath so that a dead server is not hammered.
      }
      await delay(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    firstList.resolve();
  }
  void run();

  return {
    synced: firstList.promise,
    get: (namespace, name) => objects.get(`${namespace}/${name}`),
    list: () => [...objects.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => stopping.abort(),
  };
}

export function keyOf(object: Named): string {
  return `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
}
