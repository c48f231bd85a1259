/**
 * Pods with a container of ours, held in memory. A template that gets one gets a label too, by which the API server chooses: of a hundred
 * thousand other pods nothing comes. Pods without the label are looked for once, at the start, and followed where there are some or a
 * template makes some: those of a template that is older than the label, which stays as it is until its owner changes it.
 *
 * | pods without the label | followed |
 * |---|---|
 * | none, and no template that makes some | nothing |
 * | in a few namespaces | these namespaces, until the process ends |
 * | in more | all at once |
 */
import { Label } from "../../shared/contract.ts";
import { containersOf, isOwnContainer } from "../../shared/injection/own-parts.ts";
import { isJsonObject, textAt } from "../../shared/json/value.ts";
import { createInformer, type Informer, type InformerOptions } from "../../shared/kube/cache/informer.ts";
import type { ReflectorHealth } from "../../shared/kube/cache/reflector.ts";
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { type PodObject, readPod } from "./pod-object.ts";

/** Pods of Jobs have an informer of their own. */
const WITHOUT_LABEL = `!${Label.Injected},!${Label.JobOwner}`;
/** Each takes a watch. */
const MOST_NAMESPACES = 8;

type PodHandler = ChangeHandler<PodObject>;
type Followed = Informer<PodObject, "uid">;

/** What a caller decides about informers; the rest follows from what pods are. */
export type PodInformerOptions = Omit<
  InformerOptions<PodObject, "uid">,
  "resource" | "transform" | "indexes" | "labelSelector" | "metadataOnly"
> & {
  /** Shrinks what the API server sent before it is read. */
  readonly shrink: (raw: unknown) => unknown;
};

/** As any informer of pods, and it can be told where pods without the label are to come. */
export interface PodInformer extends Followed {
  /** Follows pods without the label in a namespace; a call more changes nothing. */
  followWithoutLabel(namespace: string): void;
}

/** Makes the informer; it does nothing until `start`. */
export function createPodInformer(options: PodInformerOptions): PodInformer {
  const pods = new Pods(options);
  return {
    followWithoutLabel: (namespace) => pods.followWithoutLabel(namespace),
    get: (namespace, name) => pods.get(namespace, name),
    list: (namespace) => pods.list(namespace),
    byIndex: (index, value) => pods.byIndex(index, value),
    start: () => pods.start(),
    stop: () => pods.stop(),
    hasSynced: () => pods.hasSynced(),
    healthy: () => pods.healthy(),
    subscribe: (handler) => pods.subscribe(handler),
    unreadable: () => pods.unreadable(),
    size: () => pods.list().length,
  };
}

class Pods implements Omit<PodInformer, "size"> {
  readonly #options: PodInformerOptions;
  readonly #labelled: Followed;
  readonly #search: Informer<never>;
  readonly #byNamespace = new Map<string, Followed>();
  readonly #wanted = new Set<string>();
  readonly #handlers = new Map<PodHandler, (() => void)[]>();
  #everywhere: Followed | undefined;
  /** What `everywhere` holds is whole. */
  #isEverywhere = false;
  #isSearched = false;
  #isStopped = false;
  #ready: Promise<void> | undefined;

  constructor(options: PodInformerOptions) {
    this.#options = options;
    this.#labelled = this.#inform(options.namespace, Label.Injected);
    this.#search = createInformer<never>({
      ...options,
      resource: PODS,
      labelSelector: WITHOUT_LABEL,
      transform: (raw) => {
        if (isJsonObject(raw) && containersOf(raw).some(isOwnContainer)) {
          this.#wanted.add(textAt(raw, "metadata", "namespace") ?? "");
        }
        return undefined;
      },
      indexes: {},
    });
  }

  followWithoutLabel(namespace: string): void {
    if (this.#wanted.has(namespace)) return;
    this.#wanted.add(namespace);
    if (this.#isSearched) this.#follow();
  }

  start(): void {
    if (this.#ready !== undefined) return;
    this.#labelled.start();
    this.#search.start();
    this.#ready = this.#begin();
    // Nobody has to wait for it.
    this.#ready.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#search, ...this.#all()].map((informer) => informer.stop()));
  }

  hasSynced(): Promise<void> {
    return this.#ready ?? this.#labelled.hasSynced();
  }

  healthy(): ReflectorHealth {
    const each = this.#all().map((informer) => informer.healthy());
    return { ok: each.every(({ ok }) => ok), ageMs: Math.max(...each.map(({ ageMs }) => ageMs)) };
  }

  get(namespace: string | undefined, name: string): PodObject | undefined {
    const informers = [this.#labelled, ...this.#without()];
    for (const informer of informers) {
      const pod = informer.get(namespace, name);
      if (pod !== undefined) return pod;
    }
    return undefined;
  }

  list(namespace?: string): PodObject[] {
    return this.#once((informer) => informer.list(namespace));
  }

  byIndex(index: "uid", value: string): PodObject[] {
    return this.#once((informer) => informer.byIndex(index, value));
  }

  subscribe(handler: PodHandler): () => void {
    this.#handlers.set(
      handler,
      this.#all().map((informer) => informer.subscribe(handler)),
    );
    return () => {
      for (const leave of this.#handlers.get(handler) ?? []) leave();
      this.#handlers.delete(handler);
    };
  }

  unreadable(): ReadonlyMap<string, string> {
    return new Map(this.#all().flatMap((informer) => [...informer.unreadable()]));
  }

  async #begin(): Promise<void> {
    await this.#search.hasSynced();
    this.#isSearched = true;
    void this.#search.stop();
    this.#follow();
    await Promise.all(this.#all().map((informer) => informer.hasSynced()));
  }

  #follow(): void {
    if (this.#isStopped || this.#everywhere !== undefined) return;
    if (this.#wanted.size > MOST_NAMESPACES) {
      this.#followEverywhere();
      return;
    }
    for (const namespace of this.#wanted) {
      if (this.#byNamespace.has(namespace)) continue;
      this.#byNamespace.set(namespace, this.#begun(this.#inform(namespace, WITHOUT_LABEL)));
    }
  }

  #followEverywhere(): void {
    const everywhere = this.#begun(this.#inform(this.#options.namespace, WITHOUT_LABEL));
    this.#everywhere = everywhere;
    everywhere.hasSynced().then(
      () => {
        this.#isEverywhere = true;
        for (const informer of this.#byNamespace.values()) void informer.stop();
        this.#byNamespace.clear();
      },
      () => undefined,
    );
  }

  #begun(informer: Followed): Followed {
    for (const [handler, leaves] of this.#handlers) leaves.push(informer.subscribe(handler));
    informer.start();
    return informer;
  }

  #inform(namespace: string | undefined, labelSelector: string): Followed {
    const { shrink, ...options } = this.#options;
    return createInformer<PodObject, "uid">({
      ...options,
      namespace,
      resource: PODS,
      labelSelector,
      transform: (raw) => readPod(shrink(raw)),
      indexes: { uid: ({ uid }) => [uid] },
    });
  }

  /** Those whose pods have no label, each pod in one. */
  #without(): readonly Followed[] {
    return this.#isEverywhere && this.#everywhere !== undefined ? [this.#everywhere] : [...this.#byNamespace.values()];
  }

  #all(): readonly Followed[] {
    const everywhere = this.#everywhere === undefined ? [] : [this.#everywhere];
    return [this.#labelled, ...this.#byNamespace.values(), ...everywhere];
  }

  /** A pod that gets the label may come by the one watch before it goes by the other. */
  #once(read: (informer: Followed) => PodObject[]): PodObject[] {
    const labelled = read(this.#labelled);
    const others = this.#without().flatMap(read);
    if (others.length === 0) return labelled;
    const known = new Set(labelled.map(({ uid }) => uid));
    return [...labelled, ...others.filter(({ uid }) => !known.has(uid))];
  }
}
