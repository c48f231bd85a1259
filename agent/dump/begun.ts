/**
 * When a restic may be ended. Up to the first thing that it says it makes its lock, and an end in the middle of that would
 * leave the lock behind.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** A repository that is not open by then is not waited for any longer. */
const OPEN_LIMIT_MS = 60_000;

export interface Begun {
  /** restic said something. */
  tell(): void;
  /** Resolves when restic has begun, has ended, or takes too long. */
  wait(): Promise<void>;
}

/** @param ended aborts when restic has ended */
export function createBegun(ended: AbortSignal): Begun {
  const begun = new AbortController();
  return {
    tell: () => begun.abort(),
    async wait() {
      const signal = AbortSignal.any([begun.signal, ended]);
      await sleep(OPEN_LIMIT_MS, undefined, { signal }).catch(() => undefined);
    },
  };
}
