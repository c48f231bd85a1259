/** Objects as a controller sees them, whatever the API server has: a test decides what an informer shows, and when. */
import type { Seen } from "../../../../reconciler/blueprint/informers.ts";
import type { ChangeHandler } from "../../../../shared/kube/cache/store.ts";

export class SeenObjects<T extends object> implements Seen<T, "target"> {
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<ChangeHandler<T>>();

  show(name: string, object: T): void {
    const before = this.#objects.get(name);
    this.#objects.set(name, object);
    for (const handler of this.#handlers) {
      if (before === undefined) handler.add?.(object);
      else handler.update?.(before, object);
    }
  }

  remove(name: string): void {
    const before = this.#objects.get(name);
    this.#objects.delete(name);
    if (before !== undefined) for (const handler of this.#handlers) handler.delete?.(before);
  }

  get(_namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(name);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** There is one target. */
  byIndex(): T[] {
    return this.list();
  }

  unreadable(): ReadonlyMap<string, string> {
    return new Map();
  }

  subscribe(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) handler.add?.(object);
    return () => void this.#handlers.delete(handler);
  }
}
