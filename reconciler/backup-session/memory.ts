/** What the process remembers of sessions between two looks at them. All of it can be lost: it is made anew. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { isOlderVersion } from "../../shared/kube/object-meta.ts";
import { NO_SILENCES, nextSilences, type Silences, silenceLengths } from "../run/silences.ts";
import type { CleanupOutcome, InvokerFact } from "./view.ts";

interface SessionMemory {
  /** Our own last write, until the informer shows it. */
  latest?: BackupSession;
  invoker?: InvokerFact;
  cleanup?: CleanupOutcome;
  silences: Silences;
  /** When its status was last written. */
  writtenAtMs?: number;
}

/** As often progress alone is written. */
const PROGRESS_EVERY_MS = 10_000;

export class SessionMemories {
  readonly #memories = new Map<string, SessionMemory>();

  #of(key: string): SessionMemory {
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const fresh: SessionMemory = { silences: NO_SILENCES };
    this.#memories.set(key, fresh);
    return fresh;
  }

  /** The newer of what the informer holds and what was written last. */
  newest(key: string, informed: BackupSession | undefined): BackupSession | undefined {
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

  keepWrite(key: string, session: BackupSession): void {
    this.#of(key).latest = session;
  }

  keepWriteTime(key: string, monotonicMs: number): void {
    this.#of(key).writtenAtMs = monotonicMs;
  }

  isProgressDue(key: string, monotonicMs: number): boolean {
    return monotonicMs - (this.#memories.get(key)?.writtenAtMs ?? Number.NEGATIVE_INFINITY) >= PROGRESS_EVERY_MS;
  }

  /** An invoker's last readable state: its after-hooks are needed even when it goes away. */
  keepInvoker(key: string, invoker: InvokerFact): void {
    this.#of(key).invoker = invoker;
  }

  invoker(key: string): InvokerFact | undefined {
    return this.#memories.get(key)?.invoker;
  }

  keepCleanup(key: string, cleanup: CleanupOutcome): void {
    this.#of(key).cleanup = cleanup;
  }

  cleanup(key: string): CleanupOutcome | undefined {
    return this.#memories.get(key)?.cleanup;
  }

  silences(key: string, session: BackupSession, monotonicMs: number): ReadonlyMap<string, number> {
    const memory = this.#of(key);
    memory.silences = nextSilences(memory.silences, session.status ?? {}, monotonicMs);
    return silenceLengths(memory.silences, monotonicMs);
  }

  forget(key: string): void {
    this.#memories.delete(key);
  }

  clear(): void {
    this.#memories.clear();
  }
}
