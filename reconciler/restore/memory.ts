/** What the process remembers of restores between two looks at them. All of it can be lost: it is made anew. */
import { isOlderVersion } from "../../shared/kube/object-meta.ts";
import { NO_SILENCES, nextSilences, type Silences, silenceLengths } from "../run/silences.ts";
import type { RestoreObject, RestoreStatus } from "./restore-status.ts";
import type { SeenPods } from "./seen-pods.ts";

interface RestoreMemory {
  /** Our own last write, until the informer shows it. */
  latest?: RestoreObject;
  silences: Silences;
  /** By targetKey(): when the workload was last sent through admission. */
  readonly asked: Map<string, number>;
  /** Pods of its namespace, as they were looked at last. */
  seen?: SeenPods;
  /** When its status was last written. */
  writtenAtMs?: number;
  /** uid of the job that looked for recovery points and was ended: what it told is outdated. */
  endedSearch?: string;
}

/** As often progress alone is written. */
const PROGRESS_EVERY_MS = 10_000;

export class RestoreMemories {
  readonly #memories = new Map<string, RestoreMemory>();

  #of(key: string): RestoreMemory {
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const fresh: RestoreMemory = { silences: NO_SILENCES, asked: new Map() };
    this.#memories.set(key, fresh);
    return fresh;
  }

  /** The newer of what the informer holds and what was written last. */
  newest(key: string, informed: RestoreObject | undefined): RestoreObject | undefined {
    const memory = this.#memories.get(key);
    const own = memory?.latest;
    if (memory === undefined || own === undefined || informed === undefined) return informed;
    const isSame = own.metadata.uid === informed.metadata.uid;
    if (isSame && isOlderVersion(informed.metadata.resourceVersion ?? "", own.metadata.resourceVersion ?? "")) {
      return own;
    }
    delete memory.latest;
    return informed;
  }

  keepWrite(key: string, restore: RestoreObject): void {
    this.#of(key).latest = restore;
  }

  keepWriteTime(key: string, monotonicMs: number): void {
    this.#of(key).writtenAtMs = monotonicMs;
  }

  isProgressDue(key: string, monotonicMs: number): boolean {
    return monotonicMs - (this.#memories.get(key)?.writtenAtMs ?? Number.NEGATIVE_INFINITY) >= PROGRESS_EVERY_MS;
  }

  keepEndedSearch(key: string, jobUid: string): void {
    this.#of(key).endedSearch = jobUid;
  }

  isEndedSearch(key: string, jobUid: string): boolean {
    return this.#memories.get(key)?.endedSearch === jobUid;
  }

  keepAsked(key: string, target: string, monotonicMs: number): void {
    this.#of(key).asked.set(target, monotonicMs);
  }

  askedMsAgo(key: string, target: string, monotonicMs: number): number | undefined {
    const at = this.#memories.get(key)?.asked.get(target);
    return at === undefined ? undefined : monotonicMs - at;
  }

  keepSeen(key: string, seen: SeenPods): void {
    this.#of(key).seen = seen;
  }

  seen(key: string): SeenPods | undefined {
    return this.#memories.get(key)?.seen;
  }

  silences(key: string, status: RestoreStatus, monotonicMs: number): ReadonlyMap<string, number> {
    const memory = this.#of(key);
    memory.silences = nextSilences(memory.silences, status, monotonicMs);
    return silenceLengths(memory.silences, monotonicMs);
  }

  forget(key: string): void {
    this.#memories.delete(key);
  }

  clear(): void {
    this.#memories.clear();
  }
}
