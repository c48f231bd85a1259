/** What a soak carries along, and how it waits: whatever is away comes back, and whatever goes on must end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./_random.ts";
import type { Repository } from "./_soak-data.ts";
import type { Faults } from "./_soak-faults.ts";
import type { SoakLog } from "./_soak-log.ts";
import type { SoakStage } from "./_soak-stage.ts";

/** Kills cease when something takes longer. */
const CALM_AFTER_MS = 90_000;
/** Longer than every limit of the product for what is silent or away, beside a machine that is busy. */
const STUCK_AFTER_MS = 1_500_000;
const PERSIST_MS = 300_000;
const POLL_MS = 200;

export interface SoakRun {
  readonly stage: SoakStage;
  readonly repository: Repository;
  readonly random: Random;
  readonly faults: Faults;
  readonly log: SoakLog;
  /** Names of sessions that saved all, oldest first. */
  readonly saved: string[];
  readonly ends: Map<string, number>;
  slowestMs: number;
}

/** Repeats what fails while a server is away. */
export async function persist<T>(act: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + PERSIST_MS; ; ) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}

export class StuckError extends Error {}

/** Polls until the object has ended. Kills cease when that takes long. @throws StuckError when it never does */
export async function untilEnded<T>(
  run: SoakRun,
  what: string,
  read: () => Promise<T | undefined>,
  hasEnded: (value: T) => boolean,
): Promise<T> {
  const { faults, log } = run;
  const begin = performance.now();
  for (;;) {
    const value = await persist(read);
    const tookMs = performance.now() - begin;
    if (value === undefined) {
      log.find("lost", { what, why: "the object is gone before it has ended" });
      throw new StuckError(`${what} is gone`);
    }
    if (hasEnded(value)) {
      faults.rest(false);
      run.slowestMs = Math.max(run.slowestMs, tookMs);
      return value;
    }
    if (tookMs > CALM_AFTER_MS) faults.rest(true);
    if (tookMs > STUCK_AFTER_MS) {
      log.find("stuck", { what, value });
      throw new StuckError(`${what} does not end`);
    }
    await sleep(POLL_MS);
  }
}
