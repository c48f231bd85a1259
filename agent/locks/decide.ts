/** Which locks in the way may be removed. Pure. */
import type { RepositoryLock } from "../../shared/api/host-stats.ts";
import type { DeadRestic } from "./running-restic.ts";

export interface LockFacts {
  readonly locks: readonly RepositoryLock[];
  /** Ids that the reconciler answered: it saw that their owners' pods are gone. */
  readonly removable: readonly string[];
  /** restic processes of this very container that were killed. */
  readonly dead: readonly DeadRestic[];
  /** Host name of this container, as restic writes it into locks. */
  readonly hostname: string;
  readonly now: Date;
  /** By id, for how long this process has seen the lock by its own monotonic clock, in milliseconds. */
  readonly seenMs: ReadonlyMap<string, number>;
}

/** restic's own rule, by the clock of who asks. */
const STALE_AFTER_MS = 30 * 60_000;
/** A living owner writes its lock anew, with another id, every five minutes. */
const UNCHANGED_MS = 10 * 60_000;
/** restic takes its lock shortly after it starts. Both times come from the same clock. */
const CLOCK_MARGIN_MS = 2_000;

function isOfDeadRestic(lock: RepositoryLock, facts: LockFacts): boolean {
  const takenAtMs = Date.parse(lock.createdAt ?? "");
  return facts.dead.some(
    ({ pid, startedAtMs, goneAtMs }) =>
      lock.host === facts.hostname &&
      lock.pid === pid &&
      takenAtMs >= startedAtMs - CLOCK_MARGIN_MS &&
      takenAtMs <= goneAtMs + CLOCK_MARGIN_MS,
  );
}

/** Whether `restic unlock` would take the lock for stale here. The lock's time is of another clock, so this alone says nothing. */
function looksStale(lock: RepositoryLock, now: Date): boolean {
  return now.getTime() - Date.parse(lock.createdAt ?? "") > STALE_AFTER_MS;
}

/** Nobody refreshed it while this process watched: for a while where it looks stale, else for as long as restic waits. */
function isAbandoned(lock: RepositoryLock, { seenMs, now }: LockFacts): boolean {
  return (seenMs.get(lock.id) ?? 0) > (looksStale(lock, now) ? UNCHANGED_MS : STALE_AFTER_MS);
}

/**
 * | # | lock | may be removed |
 * |---|---|---|
 * | 1 | named by the reconciler | yes |
 * | 2 | of a restic of this container that was killed | yes |
 * | 3 | looks stale, and was seen unchanged for 10 minutes | yes |
 * | 4 | was seen unchanged for half an hour, whatever its time says | yes |
 * | 5 | any other | no |
 */
export function removableLocks(facts: LockFacts): readonly RepositoryLock[] {
  return facts.locks.filter(
    (lock) => facts.removable.includes(lock.id) || isOfDeadRestic(lock, facts) || isAbandoned(lock, facts),
  );
}

export interface UnlockFacts extends LockFacts {
  /** Whether a process of that number lives here. */
  isRunning(pid: number): boolean;
}

/**
 * Whether `restic unlock`, which knows no ids, would remove nothing but removable locks. It removes those that are stale and
 * those of this host name whose process does not live here, and so it could hit a living pod of the same name elsewhere.
 */
export function isUnlockSafe(facts: UnlockFacts): boolean {
  const allowed = new Set(removableLocks(facts).map(({ id }) => id));
  const hit = facts.locks.filter(
    (lock) =>
      looksStale(lock, facts.now) ||
      (lock.host === facts.hostname && lock.pid !== undefined && !facts.isRunning(lock.pid)),
  );
  return hit.length > 0 && hit.every(({ id }) => allowed.has(id));
}
