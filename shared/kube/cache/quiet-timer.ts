/** Notices silence: the watchdog of watches and of the contact with the API server. */
import type { Clock } from "../../clock.ts";

/** Calls back when it was not touched for a time. `touch` is cheap enough for every received chunk. */
export class QuietTimer {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #onQuiet: (quietMs: number) => void;
  #touchedAt = 0;
  #cancel: (() => void) | undefined;

  /**
   * @param quietMs how long without a touch until `onQuiet` is called
   * @param onQuiet is called once per silence, with its length in milliseconds
   */
  constructor(clock: Clock, quietMs: number, onQuiet: (quietMs: number) => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onQuiet = onQuiet;
  }

  /** Starts the measuring anew; also the way to start the timer. */
  touch(): void {
    this.#touchedAt = this.#clock.monotonic();
    if (this.#cancel === undefined) this.#arm(this.#quietMs);
  }

  /** Milliseconds since the last touch. */
  ageMs(): number {
    return this.#clock.monotonic() - this.#touchedAt;
  }

  /** No callback comes after this, until the next touch. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  // One timer, moved only when it fires: a busy stream touches thousands of times per second.
  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      const leftMs = this.#quietMs - this.ageMs();
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onQuiet(this.ageMs());
    });
  }
}
