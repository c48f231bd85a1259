/** When to look at a session again although nothing happened. Pure. */
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { SessionStatus, SessionView } from "./view.ts";

/**
 * Longest time between two looks at a session that runs: waits and silences end without an event, and a clock that jumps
 * makes a timer wrong by as much.
 */
const LOOK_EVERY_MS = 10_000;
/** Longest sleep before a retry, for the same reason. */
const RETRY_LOOK_EVERY_MS = 60_000;

export function nextCheckMs(view: SessionView, status: SessionStatus, now: Date): number | undefined {
  if (isFinalSessionPhase(status.phase)) {
    const isWaiting = status.phase === "Failed" && status.nextRetry !== undefined && status.retried !== true;
    if (!isWaiting || view.invoker === undefined) return undefined;
    return clamp(Date.parse(status.nextRetry ?? "") - now.getTime(), RETRY_LOOK_EVERY_MS);
  }
  const deadlineMs = Date.parse(status.sessionDeadline ?? "");
  const untilDeadlineMs = Number.isNaN(deadlineMs) ? LOOK_EVERY_MS : deadlineMs - now.getTime();
  return clamp(untilDeadlineMs > 0 ? untilDeadlineMs : LOOK_EVERY_MS, LOOK_EVERY_MS);
}

function clamp(waitMs: number, maxMs: number): number {
  return Math.min(Math.max(waitMs, 50), maxMs);
}
