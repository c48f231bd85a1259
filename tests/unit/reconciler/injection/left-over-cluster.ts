/** The re-submission on informers of its own, in a cluster of memory whose admission is the webhook's own answer. */
import jsonPatch from "fast-json-patch";
import { createInjectionController, type InjectionPorts } from "../../../../reconciler/injection/controller.ts";
import { Rollouts } from "../../../../reconciler/injection/rollouts.ts";
import { TargetMemory } from "../../../../reconciler/injection/target-memory.ts";
import { DEFAULT_TROUBLE_LIMITS } from "../../../../reconciler/injection/trouble.ts";
import { createWorld, informersOf } from "../../../../reconciler/world/informers.ts";
import { type Clock, systemClock } from "../../../../shared/clock.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import type { WatchEvent, WatchEventType } from "../../../../shared/kube/client/watch.ts";
import { createLogger } from "../../../../shared/log.ts";
import { createGather } from "../../../../webhook/gather.ts";
import { mutate } from "../../../../webhook/mutate.ts";
import { createMemoryWorld } from "../../../support/injection/memory-world.ts";

/** The controller's time runs so much faster. */
export const HASTE = 50;
const clock: Clock = {
  now: systemClock.now,
  monotonic: () => systemClock.monotonic() * HASTE,
  after: (delayMs, task) => systemClock.after(delayMs / HASTE, task),
};
const SETTINGS = { image: "stash-batch:1", nativeSidecar: false, followsImage: false };

const keyOf = (plural: string, object: unknown) =>
  `${plural} ${textAt(object, "metadata", "namespace")}/${textAt(object, "metadata", "name")}`;

export class LeftOverCluster {
  readonly #objects = new Map<string, JsonObject>();
  readonly #listeners = new Set<(plural: string, event: WatchEvent) => void>();
  /** Of those that were kept: target and annotations. */
  readonly requests: string[] = [];
  readonly events: string[] = [];
  /** The cluster's words for pods that have no init-container of ours. */
  refusal: string | undefined;
  #version = 1;
  #end: (() => Promise<void>) | undefined;

  get(plural: string, name: string): JsonObject | undefined {
    return this.#objects.get(`${plural} demo/${name}`);
  }

  put(plural: string, object: JsonObject): JsonObject {
    const key = keyOf(plural, object);
    const metadata = { ...Object(object["metadata"]), resourceVersion: String(++this.#version) };
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED";
    const stored = { ...object, metadata };
    this.#objects.set(key, stored);
    this.#tell(plural, type, stored);
    return stored;
  }

  /** Somebody writes a workload's former spec; the API server counts that as one more generation. */
  putBack(plural: string, before: JsonObject): void {
    const name = textAt(before, "metadata", "name") ?? "";
    const now = Number(valueAt(this.get(plural, name), "metadata", "generation") ?? 0);
    this.put(plural, { ...before, metadata: { ...Object(before["metadata"]), generation: now + 1 } });
  }

  remove(plural: string, name: string): void {
    const key = `${plural} demo/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`no ${key}`);
    this.#objects.delete(key);
    this.#tell(plural, "DELETED", {
      ...object,
      metadata: { ...Object(object["metadata"]), resourceVersion: String(++this.#version) },
    });
  }

  #tell(plural: string, type: WatchEventType, object: JsonObject): void {
    for (const listener of this.#listeners) listener(plural, { type, object: structuredClone(object) });
  }

  #admit(object: JsonObject, oldObject: JsonObject | undefined): JsonObject {
    const gather = createGather({
      world: createMemoryWorld([...this.#objects.values()]),
      settings: SETTINGS,
      isSynced: () => true,
    });
    const operation = oldObject === undefined ? "CREATE" : "UPDATE";
    const at = { uid: "1", group: "apps", resource: "", subresource: "", name: "web", namespace: "demo" };
    const kind = textAt(object, "kind") ?? "";
    const { answer } = mutate({ ...at, kind, operation, userInfo: {}, object, oldObject }, gather);
    const patch = structuredClone(answer.patch ?? []);
    return jsonPatch.applyPatch(structuredClone(object), patch, true).newDocument;
  }

  /** Somebody creates a workload. */
  admit(plural: string, object: JsonObject): JsonObject {
    return this.put(plural, this.#admit(object, undefined));
  }

  readonly #client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "listPages" | "watch"> = {
    listPages: (resource) => this.#list(resource.plural),
    watch: (resource, _namespace, { signal }) => this.#watch(resource.plural, signal),
    find: async () => undefined,
    list: async () => ({ items: [], resourceVersion: "1" }),
    delete: async () => false,
    create: async (_resource, _namespace, body, parse) => {
      const isWithout = !JSON.stringify(body).includes('"stash-init"');
      if (isWithout && this.refusal !== undefined)
        throw new KubeError({ action: "create pods", status: 403, reason: "Forbidden", detail: this.refusal });
      return parse(body);
    },
    patch: async ({ plural }, namespace, name, patch, parse, options) => {
      const before = this.#objects.get(`${plural} ${namespace}/${name}`);
      if (before === undefined || patch.kind !== "merge") throw new Error(`patch of ${name}`);
      const annotations = Object(valueAt(patch.body, "metadata", "annotations"));
      const metadata = Object(before["metadata"]);
      const asked = { ...before, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
      const after = this.#admit(asked, before);
      const isSame = JSON.stringify(after["spec"]) === JSON.stringify(before["spec"]);
      const generation = Number(metadata.generation ?? 1) + (isSame ? 0 : 1);
      const stamped = { ...after, metadata: { ...Object(after["metadata"]), generation } };
      if (options?.dryRun === true) return parse(stamped);
      this.requests.push(`${name} ${JSON.stringify(annotations)}`);
      return parse(this.put(plural, stamped));
    },
  };

  async *#list(plural: string) {
    const items = [...this.#objects]
      .filter(([key]) => key.startsWith(`${plural} `))
      .map(([, one]) => structuredClone(one));
    yield { items, resourceVersion: String(this.#version), next: undefined };
  }

  async *#watch(plural: string, signal: AbortSignal | undefined): AsyncGenerator<WatchEvent> {
    const waiting: WatchEvent[] = [];
    let wake = (): void => {};
    const listener = (of: string, event: WatchEvent): void => {
      if (of === plural) waiting.push(event);
      wake();
    };
    this.#listeners.add(listener);
    const onAbort = (): void => wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (signal?.aborted !== true) {
        yield* waiting.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waiting.length > 0) resolve();
        });
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** @param most workloads that may restart at the same time */
  async start(most = 10): Promise<void> {
    const world = createWorld({ client: this.#client, onProblem: () => {}, onFail: () => {} });
    const informers = informersOf(world).map(([, informer]) => informer);
    for (const informer of informers) informer.start();
    await Promise.all(informers.map((informer) => informer.hasSynced()));
    const memory = <T>() => new TargetMemory<T>();
    const ports: InjectionPorts = {
      world,
      client: this.#client,
      settings: SETTINGS,
      limits: DEFAULT_TROUBLE_LIMITS,
      rollouts: new Rollouts({ most, limitMs: DEFAULT_TROUBLE_LIMITS.notReadyMs }),
      ...{
        records: memory(),
        refusals: memory(),
        troubles: memory(),
        leftOvers: memory(),
        told: memory(),
        queued: memory(),
      },
      events: { record: (_, type, reason, message) => void this.events.push(`${type} ${reason}: ${message}`) },
      clock,
      log: createLogger("reconciler", "error"),
    };
    const controller = createInjectionController(ports);
    await controller.start();
    this.#end = async () => {
      await controller.stop();
      await Promise.all(informers.map((informer) => informer.stop()));
    };
  }

  async stop(): Promise<void> {
    await this.#end?.();
    this.#end = undefined;
  }
}

/** The workload's pods are those of its present template. */
export function rolledOut(workload: JsonObject): JsonObject {
  const generation = valueAt(workload, "metadata", "generation") ?? 1;
  const status = isJsonObject(workload["status"]) ? workload["status"] : {};
  return { ...workload, status: { ...status, observedGeneration: generation } };
}
