/** The one front door of controllers: a queue, what wakes it, the error that is told, and the way it stops. */
import type { Backoff } from "../shared/backoff.ts";
import type { Clock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import { type RunResult, WorkQueue, type WorkQueueObserver } from "../shared/kube/work-queue.ts";
import type { Logger } from "../shared/log.ts";
import type { Controller } from "./controller.ts";

/** What a controller does itself. */
export interface QueueWork {
  /**
   * Subscribes to all that may change what a look at a key would find.
   *
   * @param add puts a key into the line
   * @returns what ends the subscriptions
   */
  wake(add: (key: string) => void): readonly (() => void)[] | Promise<readonly (() => void)[]>;
  /** Looks at what is so now, and acts. A thrown error is told, and the key tried again after growing pauses. */
  reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined>;
  /** Something that has to come to its end before what runs is aborted. */
  beforeDrain?(): Promise<void>;
  /** Forgets what the process remembered: another may lead from now on. */
  forget?(): void;
}

export interface QueueSettings {
  /** Name in logs and metrics. */
  readonly name: string;
  /** Field of a log line that holds the key. */
  readonly subject: string;
  /** Message of the log line when a look threw. */
  readonly failed: string;
  readonly concurrency: number;
  /** How long `stop` waits for what is under way; 5 s without it. */
  readonly drainMs?: number;
  readonly backoff?: Backoff;
  readonly observer?: WorkQueueObserver | undefined;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn">;
}

const DRAIN_MS = 5_000;

export interface QueueController extends Controller {
  /** Resolves when nothing is in the line and nothing under way. */
  whenIdle(): Promise<void>;
}

/** A controller of one queue; it does nothing until it is started. */
export function createQueueController(settings: QueueSettings, work: QueueWork): QueueController {
  const { name, subject, failed, concurrency, drainMs = DRAIN_MS, backoff, observer, clock, log } = settings;
  const queue = new WorkQueue({
    run: (key, signal) => work.reconcile(key, signal),
    onError: (key, error, failures) => log.warn({ [subject]: key, failures, error: messageOf(error) }, failed),
    concurrency,
    clock,
    ...(backoff !== undefined && { backoff }),
    ...(observer !== undefined && { observer }),
  });
  let unsubscribe: readonly (() => void)[] = [];
  return {
    name,
    whenIdle: () => queue.whenIdle(),
    async start() {
      unsubscribe = await work.wake((key) => queue.add(key));
      queue.start();
    },
    async stop() {
      for (const end of unsubscribe) end();
      await work.beforeDrain?.();
      await queue.stop(drainMs);
      work.forget?.();
    },
  };
}
