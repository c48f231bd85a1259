/** The host runs of this pod as they are now, kept current by one watch. The agent reads nothing else of ours. */
import { type HostRun, parseHostRun } from "../shared/api/host-run.ts";
import { Label } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import { isJsonObject } from "../shared/json/value.ts";
import type { ApiIdentity } from "./kube/identity.ts";
import { watch } from "./kube/watch.ts";
import type { Logger } from "./log.ts";

export interface OwnRuns {
  /** Undefined before all of them were read once; until then only the one that was handed over, if one was. */
  list(): readonly HostRun[] | undefined;
  get(name: string): HostRun | undefined;
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Calls the listener at each change until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Resolves when the watch has ended. */
  readonly ended: Promise<void>;
}

export interface OwnRunsOptions {
  readonly identity: ApiIdentity;
  readonly namespace: string;
  readonly podUid: string;
  /** One of them as the pod's other process read it just now: work on it need not wait for the list. */
  readonly handed?: HostRun | undefined;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Is called at each sign of life of the API server. */
  onContact?(): void;
}

function nameOf(object: unknown): string {
  const metadata = isJsonObject(object) && isJsonObject(object["metadata"]) ? object["metadata"] : {};
  return typeof metadata["name"] === "string" ? metadata["name"] : "";
}

/**
 * Starts to watch. A label only finds host runs; whom they are for stands in the spec. One that can't be read is logged, and
 * stays what it was.
 */
export function watchOwnRuns(options: OwnRunsOptions): OwnRuns {
  const { identity, namespace, podUid, handed, signal, log } = options;
  const runs = new Map<string, HostRun>();
  const listeners = new Set<() => void>();
  const isHanded = handed?.spec.pod.uid === podUid;
  if (handed !== undefined && isHanded) runs.set(handed.metadata.name, handed);
  let isListed = isHanded;
  function tell(): void {
    if (isListed) for (const listener of [...listeners]) listener();
  }
  const ended = watch(identity, {
    kind: "HostRun",
    namespace,
    labelSelector: `${Label.PodUid}=${podUid}`,
    signal,
    log,
    onObject(object) {
      try {
        const run = parseHostRun(object);
        if (run.spec.pod.uid !== podUid) return;
        runs.set(run.metadata.name, run);
        tell();
      } catch (error) {
        log.error({ error: messageOf(error), name: nameOf(object) }, "host run can't be read");
      }
    },
    onDeleted(object) {
      if (runs.delete(nameOf(object))) tell();
    },
    onListed(names) {
      for (const name of runs.keys()) if (!names.has(name)) runs.delete(name);
      isListed = true;
      tell();
    },
    ...(options.onContact !== undefined && { onContact: options.onContact }),
  });
  return {
    list: () => (isListed ? [...runs.values()] : undefined),
    get: (name) => runs.get(name),
    ended,
    changed(until) {
      return new Promise((resolve) => {
        function done(): void {
          listeners.delete(done);
          until.removeEventListener("abort", done);
          resolve();
        }
        listeners.add(done);
        until.addEventListener("abort", done, { once: true });
        if (until.aborted) done();
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
