/** One object as it is now, kept current by a watch. */
import type { KindName } from "../../shared/api/kinds.ts";
import { messageOf } from "../../shared/errors.ts";
import type { ApiIdentity } from "../kube/identity.ts";
import { watch } from "../kube/watch.ts";
import type { Logger } from "../log.ts";

export type ObjectState<T> =
  /** Not read yet. */
  { readonly kind: "unknown" } | { readonly kind: "present"; readonly object: T } | { readonly kind: "gone" };

export interface ObjectView<T> {
  state(): ObjectState<T>;
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Calls the listener at each change until the returned function is called. */
  onChange(listener: () => void): () => void;
}

export interface ObjectViewOptions<T> {
  readonly identity: ApiIdentity;
  readonly kind: KindName;
  readonly namespace: string;
  readonly name: string;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  parse(object: unknown): T;
}

/** Starts to watch. An object that can't be parsed is logged, and the state stays what it was. */
export function viewObject<T>(options: ObjectViewOptions<T>): ObjectView<T> {
  let state: ObjectState<T> = { kind: "unknown" };
  const listeners = new Set<() => void>();
  function become(next: ObjectState<T>): void {
    state = next;
    for (const listener of [...listeners]) listener();
  }
  void watch(options.identity, {
    kind: options.kind,
    namespace: options.namespace,
    fieldSelector: `metadata.name=${options.name}`,
    signal: options.signal,
    log: options.log,
    onObject(object) {
      try {
        become({ kind: "present", object: options.parse(object) });
      } catch (error) {
        options.log.error({ error: messageOf(error), kind: options.kind, name: options.name }, "object can't be read");
      }
    },
    onDeleted: () => become({ kind: "gone" }),
    onListed(names) {
      if (!names.has(options.name)) become({ kind: "gone" });
    },
  });
  return {
    state: () => state,
    changed(signal) {
      return new Promise((resolve) => {
        function done(): void {
          listeners.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        }
        listeners.add(done);
        signal.addEventListener("abort", done, { once: true });
        if (signal.aborted) done();
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
