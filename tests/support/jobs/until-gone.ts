/** Waits until something is no more. */
import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MS = 30_000;

/** @throws Error when it is still there after half a minute */
export async function untilGone(what: string, isGone: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await sleep(100)) if (await isGone()) return;
  throw new Error(`${what} is still there`);
}
