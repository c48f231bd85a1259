/** A cluster of which nothing is known but its restores. */
import { createWorld, type World } from "../../../../reconciler/world/informers.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import type { ChangeHandler } from "../../../../shared/kube/cache/store.ts";

export function aRestore(name: string, metadata: object = {}, status?: object): RestoreBatch {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  return parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, resourceVersion: "1", ...metadata },
    spec: { repository: { name: "store" }, members: [{ target: { alias: "web", ref } }] },
    ...(status !== undefined && { status }),
  });
}

export class KnownRestores {
  readonly world: World;
  readonly #restores = new Map<string, RestoreBatch>();
  readonly #handlers: ChangeHandler<RestoreBatch>[] = [];

  constructor(...restores: readonly RestoreBatch[]) {
    for (const restore of restores) this.#restores.set(restore.metadata.name, restore);
    const empty = createWorld({
      client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
      onProblem: () => undefined,
      onFail: () => undefined,
    });
    const restoreBatches = {
      ...empty.restoreBatches,
      get: (_namespace: string | undefined, name: string) => this.#restores.get(name),
      list: () => [...this.#restores.values()],
      byIndex: () => [...this.#restores.values()],
      subscribe: (handler: ChangeHandler<RestoreBatch>) => {
        this.#handlers.push(handler);
        for (const restore of this.#restores.values()) handler.add?.(restore);
        return () => undefined;
      },
    };
    this.world = { ...empty, restoreBatches };
  }

  change(after: RestoreBatch): void {
    const before = this.#restores.get(after.metadata.name);
    this.#restores.set(after.metadata.name, after);
    for (const handler of this.#handlers) {
      if (before === undefined) handler.add?.(after);
      else handler.update?.(before, after);
    }
  }

  remove(name: string): void {
    const before = this.#restores.get(name);
    this.#restores.delete(name);
    for (const handler of this.#handlers) if (before !== undefined) handler.delete?.(before);
  }
}
