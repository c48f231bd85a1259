/** The pods of one node by name, and the changes elsewhere that concern them. */
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { keyOf, type ObjectStore, startObjectStore } from "../api/object-store.ts";
import type { PodContext } from "./pod-context.ts";
import { PodWorker } from "./pod-worker.ts";

/** How often tokens are looked at; the shortest that the API server gives lives ten minutes. */
const TOKEN_CHECK_MS = 10_000;

export class PodWorkers {
  readonly #context: PodContext;
  readonly #dir: string;
  readonly #workers = new Map<string, PodWorker>();
  /** Ends of pods whose object is gone. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #stores: readonly Pick<ObjectStore<never>, "stop">[];

  /** @param dir folder of all pods */
  constructor(context: PodContext, dir: string) {
    this.#context = context;
    this.#dir = dir;
    const secrets = startObjectStore(context.api, { kind: "V1Secret", path: "/api/v1/secrets" });
    const configMaps = startObjectStore(context.api, { kind: "V1ConfigMap", path: "/api/v1/configmaps" });
    secrets.onChange((object) => this.#refreshVolumes(object.metadata?.namespace));
    configMaps.onChange((object) => this.#refreshVolumes(object.metadata?.namespace));
    context.services.onChange(() => this.#refreshHosts());
    context.endpoints.onChange(() => this.#refreshHosts());
    this.#stores = [secrets, configMaps];
    void this.#checkTokens();
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return this.#workers.get(`${namespace}/${name}`);
  }

  /** @throws Error when the node has no such pod */
  get(namespace: string, name: string): PodWorker {
    const worker = this.find(namespace, name);
    if (worker === undefined) throw new Error(`this node has no pod ${namespace}/${name}`);
    return worker;
  }

  apply(pod: V1Pod, deleted: boolean): void {
    const key = keyOf(pod);
    const known = this.#workers.get(key);
    if (known !== undefined && (deleted || known.identity.uid !== pod.metadata?.uid)) {
      this.#workers.delete(key);
      const leaving = known.abandon().catch(this.#context.onError);
      this.#leaving.add(leaving);
      void leaving.then(() => this.#leaving.delete(leaving));
    }
    if (deleted || this.#context.signal.aborted) return;
    const worker = this.#workers.get(key) ?? this.#add(key, pod);
    worker.update(pod);
  }

  async stop(): Promise<void> {
    for (const store of this.#stores) store.stop();
    await Promise.all([...this.#workers.values()].map((worker) => worker.abandon()));
    await Promise.all(this.#leaving);
  }

  #add(key: string, pod: V1Pod): PodWorker {
    const { namespace, name, uid } = pod.metadata ?? {};
    const worker = new PodWorker(this.#context, pod, join(this.#dir, `${namespace}_${name}_${uid}`));
    this.#workers.set(key, worker);
    return worker;
  }

  #refreshVolumes(namespace: string | undefined): void {
    for (const worker of this.#workers.values()) {
      if (worker.identity.namespace === namespace) worker.refreshVolumes();
    }
  }

  #refreshHosts(): void {
    for (const worker of this.#workers.values()) worker.refreshHosts();
  }

  async #checkTokens(): Promise<void> {
    const { signal } = this.#context;
    try {
      for await (const _tick of setInterval(TOKEN_CHECK_MS, undefined, { signal, ref: false })) {
        for (const worker of this.#workers.values()) worker.refreshTokens(Date.now());
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
