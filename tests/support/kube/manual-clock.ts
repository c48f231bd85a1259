/** A clock that a test moves: timers run when their time comes, in order, and never by themselves. */
import type { Clock } from "../../../shared/clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
}

export class ManualClock implements Clock {
  #elapsedMs = 0;
  #timers: Timer[] = [];
  readonly #epochMs: number;

  constructor(start = "2026-01-01T00:00:00Z") {
    this.#epochMs = Date.parse(start);
  }

  now(): number {
    return this.#epochMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueAt: this.#elapsedMs + Math.max(0, delayMs), task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves the time; after each timer everything that it set off gets its turns. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      const due = next;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#elapsedMs = Math.max(this.#elapsedMs, due.dueAt);
      due.task();
      await settle();
    }
    this.#elapsedMs = until;
  }

  #nextDue(until: number): Timer | undefined {
    const due = this.#timers.filter(({ dueAt }) => dueAt <= until);
    return due.reduce<Timer | undefined>(
      (first, timer) => (first && first.dueAt <= timer.dueAt ? first : timer),
      undefined,
    );
  }
}

/** Lets promises and immediates that wait run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
