/** Polls for what can't be watched yet, because the server that would tell is still starting. */
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 40;

/**
 * Calls `isDone` until it says true. What it throws counts as "not yet", and is the cause when time runs out.
 *
 * @param what for the error, such as "etcd is healthy"
 * @throws Error when `timeoutMs` have passed
 */
export async function waitUntil(what: string, timeoutMs: number, isDone: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      if (await isDone()) return;
    } catch (error) {
      if (error instanceof FinalError) throw error;
      cause = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause });
}

/** Thrown inside `isDone`, it ends the wait at once: what is waited for can't come any more. */
export class FinalError extends Error {}
