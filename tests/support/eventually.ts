/** The one way in which tests, benches and demos wait: they look again until what they see is as wanted, or stays as it is. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";

const TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** Pauses grow with the time waited: what comes soon is seen soon. */
const PAUSE_PART = 1 / 16;

/** A whole status, but not a whole log or list. */
const SHOWN = { depth: 12, maxStringLength: 4_000, maxArrayLength: 200 } as const;
const MAX_SHOWN = 20_000;

/** What is wanted of a value: that it is this one, or that it answers yes. */
type Wanted<T> = T | ((value: T) => boolean);

/**
 * Looks until the value is as wanted. What `read` throws ends the wait, so that no failure is looked over: where one is to be
 * expected, `read` makes it a value.
 *
 * @param everyMs longest pause between two looks
 * @returns the value as it was wanted
 * @throws Error with both in their own words and the last value, when `timeoutMs` have passed
 */
export function eventually<T, S extends T>(
  read: () => T | Promise<T>,
  wanted: (value: T) => value is S,
  timeoutMs?: number,
  everyMs?: number,
): Promise<S>;
export function eventually<T>(
  read: () => T | Promise<T>,
  wanted: Wanted<NoInfer<T>>,
  timeoutMs?: number,
  everyMs?: number,
): Promise<T>;
export async function eventually<T>(
  read: () => T | Promise<T>,
  wanted: Wanted<T>,
  timeoutMs = TIMEOUT_MS,
  everyMs = POLL_MS,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const value = await read();
    if (isAsWanted(value, wanted)) return value;
    const waitedMs = performance.now() - began;
    if (waitedMs > timeoutMs) throw new Error(`waited ${timeoutMs} ms in vain. ${formatSeen(read, wanted, value)}`);
    await sleep(Math.min(everyMs, 1 + waitedMs * PAUSE_PART));
  }
}

/**
 * Looks again and again for `ms`, and to the end of it: the value is as wanted all the time.
 *
 * @returns the last value
 * @throws Error as soon as it is otherwise
 */
export async function stays<T>(
  read: () => T | Promise<T>,
  wanted: Wanted<NoInfer<T>>,
  ms: number,
  everyMs = POLL_MS,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const waitedMs = performance.now() - began;
    const value = await read();
    if (!isAsWanted(value, wanted)) {
      throw new Error(`changed after ${Math.round(waitedMs)} ms of ${ms}. ${formatSeen(read, wanted, value)}`);
    }
    if (waitedMs >= ms) return value;
    await sleep(Math.min(everyMs, ms - waitedMs));
  }
}

function isAsWanted<T>(value: T, wanted: Wanted<T>): boolean {
  return isQuestion(wanted) ? wanted(value) : isDeepStrictEqual(value, wanted);
}

function isQuestion<T>(wanted: Wanted<T>): wanted is (value: T) => boolean {
  return typeof wanted === "function";
}

function formatSeen<T>(read: () => T | Promise<T>, wanted: Wanted<T>, value: T): string {
  const words = isQuestion(wanted) ? String(wanted) : inspect(wanted, SHOWN);
  return `Looked at: ${read}\nwanted: ${words}\nlast seen: ${inspect(value, SHOWN).slice(0, MAX_SHOWN)}`;
}
