/**
 * The queue between what changed and who acts: keys without repetition, never two runs of one key at once, delays, and
 * back-off for keys that fail.
 */
import { type Backoff, nextBackoffMs } from "../backoff.ts";
import { type Clock, systemClock } from "../clock.ts";
import { isNamespaceEnding } from "./client/error.ts";

/**
 * What a run of a key asks for. A thrown error asks for another run after back-off, unless it says that the namespace is being
 * deleted.
 */
export interface RunResult {
  /** Run again after this time even if nothing changes, in milliseconds. */
  readonly requeueAfterMs?: number | undefined;
}

/** Told of what happens; all parts are optional. For numbers of the moment there is `stats()`. */
export interface WorkQueueObserver {
  /** A key was put into the line (not: found in it already). */
  readonly onAdd?: () => void;
  /** A key that failed will run again. */
  readonly onRetry?: (key: string, failures: number, delayMs: number) => void;
  /** @param waitedMs time in the line */
  readonly onStart?: (key: string, waitedMs: number) => void;
  readonly onEnd?: (key: string, ranMs: number, failed: boolean) => void;
}

export interface WorkQueueStats {
  /** Keys in the line. */
  readonly depth: number;
  /** Keys that wait for a time to come. */
  readonly delayed: number;
  readonly running: number;
  /** How long the longest run has been going, in milliseconds; 0 when none runs. */
  readonly longestRunMs: number;
}

export interface WorkQueueOptions {
  /** Does the work of one key. The signal is aborted when `stop` has waited long enough. */
  readonly run: (key: string, signal: AbortSignal) => Promise<RunResult | undefined>;
  /** A run threw; it is repeated after back-off. */
  readonly onError: (key: string, error: unknown, failures: number) => void;
  /** Most keys that run at the same time. */
  readonly concurrency: number;
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  /** In [0, 1); Math.random by default. */
  readonly random?: () => number;
  readonly observer?: WorkQueueObserver;
}

const DEFAULT_BACKOFF: Backoff = { baseMs: 200, maxMs: 5 * 60_000 };

interface Delay {
  readonly dueAt: number;
  readonly cancel: () => void;
}

/**
 * A keyed queue with its own workers. Nothing runs before `start`. Adding a key that is in the line changes nothing;
 * adding one that runs makes it run once more afterwards.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #observer: WorkQueueObserver;
  /** Keys in the line and since when; a Map keeps the order of arrival. */
  readonly #waiting = new Map<string, number>();
  readonly #running = new Map<string, number>();
  readonly #runAgain = new Set<string>();
  readonly #delayed = new Map<string, Delay>();
  readonly #failures = new Map<string, number>();
  readonly #abort = new AbortController();
  #started = false;
  #dispatching = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#observer = options.observer ?? {};
  }

  start(): void {
    this.#started = true;
    this.#dispatch();
  }

  /** Puts the key into the line, now. A delay that it was waiting for is over. */
  add(key: string): void {
    if (this.#stopped) return;
    this.#cancelDelay(key);
    if (this.#running.has(key)) {
      this.#runAgain.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, this.#clock.monotonic());
    this.#observer.onAdd?.();
    this.#dispatch();
  }

  /** Puts the key into the line after a time; of several times the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const dueAt = this.#clock.monotonic() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueAt <= dueAt) return;
    this.#cancelDelay(key);
    const cancel = this.#clock.after(delayMs, () => this.add(key));
    this.#delayed.set(key, { dueAt, cancel });
  }

  /** Puts the key into the line after its back-off, which grows with every call until `forget`. */
  addRateLimited(key: string): void {
    if (this.#stopped) return;
    const failures = this.failures(key) + 1;
    const delayMs = nextBackoffMs(this.#backoff, failures - 1, this.#random());
    this.#failures.set(key, failures);
    this.#observer.onRetry?.(key, failures, delayMs);
    this.addAfter(key, delayMs);
  }

  /** The key is well, or gone: its next back-off begins anew. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  stats(): WorkQueueStats {
    const now = this.#clock.monotonic();
    let longestRunMs = 0;
    for (const startedAt of this.#running.values()) longestRunMs = Math.max(longestRunMs, now - startedAt);
    return { depth: this.#waiting.size, delayed: this.#delayed.size, running: this.#running.size, longestRunMs };
  }

  /** Resolved when nothing is in the line and nothing runs; delays do not count. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /**
   * Starts no more runs and waits for those under way. Keys in the line are dropped: what they stand for is found again
   * from the present state at the next start.
   *
   * @param drainMs after this time the signal of the runs is aborted, in milliseconds; they are waited for all the same
   */
  async stop(drainMs: number): Promise<void> {
    this.#stopped = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#runAgain.clear();
    if (this.#isIdle()) {
      this.#wakeIdle();
      return;
    }
    const cancel = this.#clock.after(drainMs, () => this.#abort.abort(new Error("the queue is stopped")));
    await this.whenIdle();
    cancel();
  }

  // Never inside the caller's own turn: an informer's handlers all hear of a change before anything acts on it, and a
  // long line of short runs leaves the event loop its turns for probes and watches.
  #dispatch(): void {
    if (this.#dispatching || !this.#started || this.#stopped || this.#waiting.size === 0) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.#startRuns();
    });
  }

  #startRuns(): void {
    for (const [key, since] of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      void this.#run(key, since);
    }
  }

  async #run(key: string, since: number): Promise<void> {
    const startedAt = this.#clock.monotonic();
    this.#running.set(key, startedAt);
    this.#observer.onStart?.(key, startedAt - since);
    let failed = false;
    try {
      const result = await this.#options.run(key, this.#abort.signal);
      this.forget(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (isNamespaceEnding(error)) {
        // What is left to do there is told by deletions.
        this.forget(key);
      } else {
        failed = true;
        this.addRateLimited(key);
        this.#options.onError(key, error, this.failures(key));
      }
    } finally {
      this.#running.delete(key);
      this.#observer.onEnd?.(key, this.#clock.monotonic() - startedAt, failed);
      if (this.#runAgain.delete(key)) this.add(key);
      this.#dispatch();
      if (this.#isIdle()) this.#wakeIdle();
    }
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  #wakeIdle(): void {
    const waiters = this.#idle;
    this.#idle = [];
    for (const wake of waiters) wake();
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }
}
