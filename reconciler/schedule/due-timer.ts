/** Wakes many keys, each at its own wall-clock time, with one timer. */
import type { Clock } from "../../shared/clock.ts";

/** Timers measure steady time, due times are wall-clock times: the clock is looked at again at least this often. */
const LONGEST_SLEEP_MS = 10_000;

interface Due {
  readonly key: string;
  readonly atMs: number;
}

export class DueTimer {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  /** A binary heap, earliest first. Entries that `#dueAt` no longer confirms are dropped when they come up. */
  readonly #heap: Due[] = [];
  readonly #dueAt = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #wakesAtMs = Number.POSITIVE_INFINITY;

  /** @param onDue is called for each key whose time has come, earliest first; the key is then forgotten */
  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  /** Wakes the key at a time; an earlier order for it no longer counts. */
  set(key: string, atMs: number): void {
    if (this.#dueAt.get(key) === atMs) return;
    this.#dueAt.set(key, atMs);
    this.#push({ key, atMs });
    if (atMs < this.#wakesAtMs) this.#arm();
  }

  remove(key: string): void {
    this.#dueAt.delete(key);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.#dueAt.clear();
    this.#heap.length = 0;
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    const first = this.#first();
    if (first === undefined) return;
    this.#wakesAtMs = first.atMs;
    const delayMs = Math.min(Math.max(first.atMs - this.#clock.now(), 1), LONGEST_SLEEP_MS);
    this.#cancel = this.#clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    const nowMs = this.#clock.now();
    for (let first = this.#first(); first !== undefined && first.atMs <= nowMs; first = this.#first()) {
      this.#pop();
      this.#dueAt.delete(first.key);
      this.#onDue(first.key);
    }
    this.#arm();
  }

  #first(): Due | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#dueAt.get(first.key) === first.atMs) return first;
      this.#pop();
    }
    return undefined;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || parent.atMs <= due.atMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = heap[leftAt];
      const right = heap[leftAt + 1];
      const childAt = left !== undefined && right !== undefined && right.atMs < left.atMs ? leftAt + 1 : leftAt;
      const child = heap[childAt];
      if (child === undefined || child.atMs >= last.atMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}
