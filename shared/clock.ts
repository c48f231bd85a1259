/**
 * Time as an argument: everything in shared/kube that waits or measures takes a Clock, so tests move time by hand.
 */

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since the epoch. May jump; only for what is written down. */
  now(): number;
  /** Milliseconds since an arbitrary moment. Never jumps; for measuring and for deadlines. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it and may be called more than once. */
  after(delayMs: number, task: () => void): () => void;
}

/** Node runs a timer at once when its delay does not fit in 31 bits: longer ones are waited for in pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function startTimer(delayMs: number, task: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const pieceMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS);
    timer = setTimeout(() => (leftMs > pieceMs ? wait(leftMs - pieceMs) : task()), pieceMs);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}

/** The machine's clocks and node's timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: startTimer,
};

/**
 * Waits.
 *
 * @throws the signal's reason when it is aborted before the time is over
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
