/** Pods behind the two calls of an informer: it chooses by namespace and by labels that must be there or not, as the API does. */
import { createDeferred } from "../../../../shared/deferred.ts";
import { isJsonObject, textAt, valueAt } from "../../../../shared/json/value.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import type { WatchEvent } from "../../../../shared/kube/client/watch.ts";

interface Watch {
  readonly isChosen: (pod: unknown) => boolean;
  readonly events: WatchEvent[];
  wake: () => void;
}

export interface Choice {
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
}

export class PodStore {
  readonly #pods = new Map<string, unknown>();
  readonly #watches = new Set<Watch>();
  #version = 1;
  /** Watches that are open now. */
  readonly open: Choice[] = [];
  readonly lists: Choice[] = [];

  put(namespace: string, name: string, labels: Readonly<Record<string, string>>, container: string): void {
    this.#version += 1;
    const key = `${namespace}/${name}`;
    const args = container === "stash" ? ["run-backup"] : [];
    const pod = {
      metadata: { namespace, name, uid: `uid-${name}`, resourceVersion: String(this.#version), labels },
      spec: { containers: [{ name: "app" }, { name: container, args }] },
    };
    const before = this.#pods.get(key);
    this.#pods.set(key, pod);
    for (const watch of this.#watches) {
      const [was, is] = [before !== undefined && watch.isChosen(before), watch.isChosen(pod)];
      if (!was && !is) continue;
      watch.events.push({ type: is ? (was ? "MODIFIED" : "ADDED") : "DELETED", object: pod });
      watch.wake();
    }
  }

  readonly client: Pick<KubeClient, "listPages" | "watch"> = {
    listPages: (_resource, namespace, options) => this.#list({ namespace, labelSelector: options?.labelSelector }),
    watch: (_resource, namespace, options) => this.#watch({ namespace, labelSelector: options.labelSelector }, options),
  };

  async *#list(choice: Choice) {
    this.lists.push(choice);
    const items = [...this.#pods.values()].filter(chooser(choice));
    yield { items, resourceVersion: String(this.#version), next: undefined };
  }

  async *#watch(choice: Choice, { signal }: { readonly signal?: AbortSignal | undefined }) {
    const watch: Watch = { isChosen: chooser(choice), events: [], wake: () => undefined };
    this.#watches.add(watch);
    this.open.push(choice);
    try {
      while (signal?.aborted !== true) {
        const woken = createDeferred<void>();
        watch.wake = woken.resolve;
        signal?.addEventListener("abort", () => woken.resolve(), { once: true });
        for (let event = watch.events.shift(); event !== undefined; event = watch.events.shift()) yield event;
        await woken.promise;
      }
    } finally {
      this.#watches.delete(watch);
      this.open.splice(this.open.indexOf(choice), 1);
    }
  }
}

/** Understands `key` and `!key`, joined by commas. */
function chooser({ namespace, labelSelector = "" }: Choice): (pod: unknown) => boolean {
  return (pod) => {
    if (namespace !== undefined && textAt(pod, "metadata", "namespace") !== namespace) return false;
    const found = valueAt(pod, "metadata", "labels");
    const labels = isJsonObject(found) ? found : {};
    return labelSelector
      .split(",")
      .filter((word) => word !== "")
      .every((word) => (word.startsWith("!") ? !(word.slice(1) in labels) : word in labels));
  };
}
