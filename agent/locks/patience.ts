/** Runs what needs a lock, and waits while others hold theirs. */
import { hostname } from "node:os";
import type { RepositoryLock } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { ResticExit } from "../restic/run.ts";
import { removeLock } from "./act.ts";
import { isUnlockSafe, type LockFacts, removableLocks } from "./decide.ts";
import { gatherLocks } from "./gather.ts";
import { type DeadRestic, processTicks } from "./running-restic.ts";

/** A little longer than the half hour after which a lock that nobody refreshed is taken for abandoned. */
const LOCK_PATIENCE_MS = 35 * 60_000;
/** The first pause, doubled up to the longest: most locks in the way are those of a short command. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** An answer of the reconciler comes within moments; the next look is then not delayed by the whole pause. */
const SETTLE_MS = 200;

export interface PatiencePorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** restic processes of this container that were killed. */
  dead(): readonly DeadRestic[];
  now(): Date;
  /** Ids that the reconciler allows to remove. */
  removable(): readonly string[];
  /** Resolves when something that the reconciler writes may have changed. */
  changed(signal: AbortSignal): Promise<void>;
  /** Tells which locks are in the way; none when they are gone. */
  report(locks: readonly RepositoryLock[]): void;
  readonly patienceMs?: number;
}

export type WithLock = (run: () => Promise<ResticExit>) => Promise<ResticExit>;

function isLocked(restic: Restic, exit: ResticExit): boolean {
  return exit.code !== 0 && exit.stopped === undefined && restic.fault("lock", exit).code === "REPOSITORY_LOCKED";
}

/** Since when locks are seen, by the own monotonic clock. What is not there any more is forgotten. */
class SeenLocks {
  #since = new Map<string, number>();

  /** @returns for how long each has been seen, in milliseconds */
  look(locks: readonly RepositoryLock[]): ReadonlyMap<string, number> {
    const nowMs = performance.now();
    this.#since = new Map(locks.map(({ id }) => [id, this.#since.get(id) ?? nowMs]));
    return new Map([...this.#since].map(([id, sinceMs]) => [id, nowMs - sinceMs]));
  }
}

/** Removes the lock in the plain way that the backend has. @returns false when that is not to be had */
async function removePlainly(ports: PatiencePorts, lock: RepositoryLock): Promise<boolean> {
  const { restic, log, now } = ports;
  try {
    if (!(await removeLock(restic.access, lock.id, now()))) return false;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.warn({ code: error.code, error: error.message }, "lock not removed; restic is asked");
    return false;
  }
  log.warn({ lock: lock.id, host: lock.host, pid: lock.pid, createdAt: lock.createdAt }, "abandoned lock removed");
  return true;
}

/** Removes what may be removed. @returns whether anything was */
async function clear(ports: PatiencePorts, seen: SeenLocks): Promise<boolean> {
  const { restic, log, now } = ports;
  const locks = await gatherLocks(restic, ports.signal);
  ports.report(locks);
  const facts: LockFacts = {
    locks,
    removable: ports.removable(),
    dead: ports.dead(),
    hostname: hostname(),
    now: now(),
    seenMs: seen.look(locks),
  };
  let isAnyRemoved = false;
  for (const lock of removableLocks(facts)) isAnyRemoved = (await removePlainly(ports, lock)) || isAnyRemoved;
  if (isAnyRemoved) return true;
  if (!isUnlockSafe({ ...facts, isRunning: (pid) => processTicks(pid) !== undefined })) return locks.length === 0;
  const exit = await restic.run(["unlock"], { signal: ports.signal });
  log.warn({ code: exit.code }, "stale locks removed by restic");
  return exit.code === 0;
}

/** Of the look that follows a kill when all work is to end. */
const LAST_LOOK_MS = 10_000;

/**
 * Removes what a restic of this container left that was killed, in this start of it or an earlier one. It is in nobody's way here, as most
 * work shares the repository; whoever needs it for himself would wait for half an hour.
 */
async function clearOwn(ports: PatiencePorts): Promise<void> {
  const { restic, log } = ports;
  const [dead, now] = [ports.dead(), ports.now()];
  if (dead.length === 0) return;
  const signal = ports.signal.aborted ? AbortSignal.timeout(LAST_LOOK_MS) : ports.signal;
  try {
    const locks = await gatherLocks(restic, signal);
    const facts = { locks, removable: [], dead, hostname: hostname(), now, seenMs: new Map<string, number>() };
    for (const lock of removableLocks(facts)) await removePlainly(ports, lock);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The work itself says what is wrong, if it still is.
    log.info({ code: error.code, error: error.message }, "locks of a restic that was killed can't be looked at");
  }
}

/** Waits for an answer of the reconciler, no longer than the pause. */
async function pause(ports: PatiencePorts, ms: number): Promise<void> {
  const known = ports.removable().length;
  const until = performance.now() + ms;
  // The timer of a signal keeps no process alive.
  const awake = setTimeout(() => undefined, ms);
  while (!ports.signal.aborted && performance.now() < until && ports.removable().length === known) {
    const limit = AbortSignal.any([
      ports.signal,
      AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now()))),
    ]);
    await ports.changed(limit);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  clearTimeout(awake);
}

/**
 * Runs the call, and again while the repository is locked: locks whose owner is known to be gone are removed, living owners
 * are waited for.
 */
export function createWithLock(ports: PatiencePorts): WithLock {
  let known = 0;
  let cleared = Promise.resolve();
  /** Looks once for what each left that was killed. */
  const clearKilled = (): Promise<void> => {
    const count = ports.dead().length;
    if (count !== known) cleared = cleared.then(() => clearOwn(ports));
    known = count;
    return cleared;
  };
  return async (call) => {
    await clearKilled();
    const run = async () => {
      const exit = await call();
      await clearKilled();
      return exit;
    };
    const until = performance.now() + (ports.patienceMs ?? LOCK_PATIENCE_MS);
    let pauseMs = FIRST_PAUSE_MS;
    const seen = new SeenLocks();
    const rest = async () => {
      await pause(ports, pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    };
    let exit = await run();
    if (!isLocked(ports.restic, exit)) return exit;
    while (isLocked(ports.restic, exit) && !ports.signal.aborted && performance.now() < until) {
      try {
        if (!(await clear(ports, seen))) await rest();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        ports.log.warn({ code: error.code, error: error.message }, "locks can't be looked at");
        await rest();
      }
      if (!ports.signal.aborted) exit = await run();
    }
    if (!isLocked(ports.restic, exit)) ports.report([]);
    return exit;
  };
}
