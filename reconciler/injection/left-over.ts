/**
 * When the init-container of a restore that was deleted is taken out of a workload. Its pods restart for that, so it waits until nothing
 * holds them and no session works in them, and is tried by a dry run before. Pure.
 *
 * | # | init-container | |
 * |---|---|---|
 * | 1 | its restore, or another one, needs it | stays |
 * | 2 | it holds a pod: that waits, or must not start since its data is half restored | stays |
 * | 3 | a session works in the pods | stays for now |
 * | 4 | all that has been so for less than 10 s: the restore may be made anew, a pod may come | stays for now |
 * | 5 | the cluster refused pods without it, or admission left it, a moment ago | stays for now |
 * | 6 | it was taken out before, and somebody who is no restore has put it back | stays ever longer: 1 min, 4 min, up to an hour |
 * | 7 | otherwise | taken out, as soon as few enough others are restarting |
 */
import { type Backoff, doubledMs } from "../../shared/backoff.ts";
import { GONE_GRACE_MS } from "../release/decide.ts";
import type { AgentFact } from "../run/world.ts";
import type { PodObject } from "../world/pod-object.ts";

export interface LeftOver {
  /** Annotation's value that asks for it to go. */
  readonly ask: string;
  /** Why it stays for now; undefined when nothing speaks for it. */
  readonly reason: "PodHeld" | "SessionRunning" | undefined;
}

/** Times are milliseconds of the steady clock. */
export interface LastingLeftOver extends LeftOver {
  /** Since when nothing speaks for it. */
  readonly freeSinceMs: number | undefined;
  readonly notBeforeMs: number;
  readonly vainRequests: number;
  /** How often it was taken out since a restore last needed it. */
  readonly takenOut: number;
}

/** Pods are told to start by then, and sessions have ended, without this one hearing of it. */
const AGAIN_MS = 30_000;
const DELAY: Backoff = { baseMs: 1_000, maxMs: 10 * 60_000 };
/** Of one that was put back: each time the pods restart twice. */
const REST: Backoff = { baseMs: 60_000, maxMs: 60 * 60_000 };

/** The kubelet's word for exit code 0. */
const COMPLETED = "Completed";

type HeldPod = Pick<PodObject, "isReady" | "isEnded"> & {
  readonly restoreInit: Pick<AgentFact, "isRunning" | "exitCode" | "lastEnd"> | undefined;
};

/** Whether the init-container has begun in the pod, and not let it start. Where it never began, as without its image, it holds nothing back. */
export function isHeldByInit({ restoreInit, isReady, isEnded }: HeldPod): boolean {
  if (restoreInit === undefined || isEnded || isReady) return false;
  const { isRunning, exitCode, lastEnd } = restoreInit;
  if (exitCode !== undefined) return exitCode !== 0;
  return isRunning || (lastEnd !== undefined && lastEnd !== COMPLETED);
}

/**
 * What is known after a look. Another restore's begins anew.
 *
 * @param isThere whether the template has an init-container, needed or not
 */
export function afterLeftOverLook(
  known: LastingLeftOver | undefined,
  seen: LeftOver | undefined,
  isThere: boolean,
  nowMs: number,
): LastingLeftOver | undefined {
  if (seen === undefined) {
    const isRemembered = !isThere && (known?.takenOut ?? 0) > 0 && nowMs < (known?.notBeforeMs ?? 0) + REST.maxMs;
    return isRemembered ? known : undefined;
  }
  const same = known?.ask === seen.ask ? known : undefined;
  const freeSinceMs = seen.reason === undefined ? (same?.freeSinceMs ?? nowMs) : undefined;
  return {
    ask: seen.ask,
    reason: seen.reason,
    freeSinceMs,
    notBeforeMs: same?.notBeforeMs ?? 0,
    vainRequests: same?.vainRequests ?? 0,
    takenOut: same?.takenOut ?? 0,
  };
}

/** What is known once it is gone. */
export function afterTakeOut(known: LastingLeftOver, nowMs: number): LastingLeftOver {
  const restMs = doubledMs(REST, known.takenOut, 4);
  return {
    ...known,
    freeSinceMs: undefined,
    vainRequests: 0,
    takenOut: known.takenOut + 1,
    notBeforeMs: nowMs + restMs,
  };
}

/** What is known after a request that left it where it is, or a dry run that was refused. */
export function afterVainTakeOut(known: LastingLeftOver, nowMs: number): LastingLeftOver {
  const delayMs = doubledMs(DELAY, known.vainRequests);
  return { ...known, vainRequests: known.vainRequests + 1, notBeforeMs: nowMs + delayMs };
}

/** For how long it stays; nothing when it is to go now. */
export function waitOfLeftOver({ freeSinceMs, notBeforeMs }: LastingLeftOver, nowMs: number): number {
  if (freeSinceMs === undefined) return AGAIN_MS;
  return Math.max(freeSinceMs + GONE_GRACE_MS - nowMs, notBeforeMs - nowMs, 0);
}
