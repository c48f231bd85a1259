/** What the process remembers of runs between two looks at them. All of it can be lost: it is made anew. */
import { isOlderVersion } from "../../shared/kube/object-meta.ts";
import type { RunStatus } from "./facts.ts";
import { type Heartbeats, heartbeatAges, NO_HEARTBEATS, nextHeartbeats } from "./heartbeat-ages.ts";
import type { RunObject } from "./view.ts";
import type { Pods } from "./world.ts";

interface RunMemory<Run, Own> {
  /** Our own last write, until the informer shows it. */
  latest?: Run;
  heartbeats: Heartbeats;
  /** When its status was last written. */
  writtenAtMs?: number;
  /** What the kind of run remembers besides. */
  readonly own: Own;
}

/** As often progress alone is written. */
const PROGRESS_EVERY_MS = 10_000;

export class RunMemories<Run extends RunObject, Own> {
  readonly #createOwn: () => Own;
  readonly #memories = new Map<string, RunMemory<Run, Own>>();

  constructor(createOwn: () => Own) {
    this.#createOwn = createOwn;
  }

  #of(key: string): RunMemory<Run, Own> {
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const fresh: RunMemory<Run, Own> = { heartbeats: NO_HEARTBEATS, own: this.#createOwn() };
    this.#memories.set(key, fresh);
    return fresh;
  }

  own(key: string): Own {
    return this.#of(key).own;
  }

  /** The newer of what the informer holds and what was written last. */
  newest(key: string, informed: Run | undefined): Run | undefined {
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

  keepWrite(key: string, run: Run): void {
    this.#of(key).latest = run;
  }

  keepWriteTime(key: string, monotonicMs: number): void {
    this.#of(key).writtenAtMs = monotonicMs;
  }

  isProgressDue(key: string, monotonicMs: number): boolean {
    return monotonicMs - (this.#memories.get(key)?.writtenAtMs ?? Number.NEGATIVE_INFINITY) >= PROGRESS_EVERY_MS;
  }

  heartbeatAges(key: string, status: RunStatus, pods: Pods, monotonicMs: number): ReadonlyMap<string, number> {
    const memory = this.#of(key);
    memory.heartbeats = nextHeartbeats(memory.heartbeats, status, pods, monotonicMs);
    return heartbeatAges(memory.heartbeats, monotonicMs);
  }

  forget(key: string): void {
    this.#memories.delete(key);
  }

  clear(): void {
    this.#memories.clear();
  }
}
