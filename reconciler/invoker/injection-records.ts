/** The records of all workloads, written by the re-submission and read for the conditions. */
import type { InjectionRecord } from "./injection-record.ts";

export class InjectionRecords {
  readonly #records = new Map<string, InjectionRecord>();
  readonly #listeners = new Set<(target: string) => void>();

  get(target: string): InjectionRecord | undefined {
    return this.#records.get(target);
  }

  set(target: string, record: InjectionRecord): void {
    if (this.#records.get(target) === record) return;
    this.#records.set(target, record);
    for (const listener of this.#listeners) listener(target);
  }

  forget(target: string): void {
    this.#records.delete(target);
  }

  clear(): void {
    this.#records.clear();
  }

  /** Tells of each target whose record changed. @returns ends it */
  subscribe(listener: (target: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
