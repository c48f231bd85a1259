/** What the process remembers of targets, written by the re-submission and read for the conditions. */

export class TargetMemory<T> {
  readonly #entries = new Map<string, T>();
  readonly #listeners = new Set<(target: string) => void>();

  get(target: string): T | undefined {
    return this.#entries.get(target);
  }

  set(target: string, entry: T): void {
    if (this.#entries.get(target) === entry) return;
    this.#entries.set(target, entry);
    this.#tell(target);
  }

  forget(target: string): void {
    if (this.#entries.delete(target)) this.#tell(target);
  }

  clear(): void {
    this.#entries.clear();
  }

  targets(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Tells of each target whose entry changed or went. @returns ends it */
  subscribe(listener: (target: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(target: string): void {
    for (const listener of this.#listeners) listener(target);
  }
}
