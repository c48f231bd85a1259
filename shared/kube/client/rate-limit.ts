/** A token bucket: how fast a program may call. */
import type { Clock } from "../../clock.ts";

export interface RateLimit {
  /** Calls per second in the long run. */
  readonly qps: number;
  /** Calls that may come at once after a pause. */
  readonly burst: number;
}

/** Hands out places in line. Nothing is lost when a holder gives up: its place just stays unused. */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  #tokens: number;
  #countedAt: number;

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#countedAt = clock.monotonic();
  }

  /** Takes a token that may not be there yet. @returns milliseconds until it is, 0 when it was there */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#limit.qps) * 1000;
  }

  /** Takes a token if one is there. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#countedAt) / 1000) * this.#limit.qps;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + earned);
    this.#countedAt = now;
  }
}
