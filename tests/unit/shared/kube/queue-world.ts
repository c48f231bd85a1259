/** A queue whose runs a test ends by hand, with a record of what ran when. */
import { type RunResult, WorkQueue } from "../../../../shared/kube/work-queue.ts";
import { ManualClock, settle } from "../../../support/kube/manual-clock.ts";

export class Runs {
  readonly started: string[] = [];
  readonly #open: { key: string; end: PromiseWithResolvers<RunResult | undefined>; signal: AbortSignal }[] = [];

  readonly run = (key: string, signal: AbortSignal): Promise<RunResult | undefined> => {
    this.started.push(key);
    const end = Promise.withResolvers<RunResult | undefined>();
    this.#open.push({ key, end, signal });
    return end.promise;
  };

  get running(): readonly string[] {
    return this.#open.map(({ key }) => key);
  }

  signalOf(key: string): AbortSignal | undefined {
    return this.#open.find((one) => one.key === key)?.signal;
  }

  async finish(key: string, how?: RunResult | Error): Promise<void> {
    const index = this.#open.findIndex((one) => one.key === key);
    const [one] = this.#open.splice(index, 1);
    if (how instanceof Error) one?.end.reject(how);
    else one?.end.resolve(how);
    await settle();
  }
}

interface Built {
  readonly queue: WorkQueue;
  readonly runs: Runs;
  readonly clock: ManualClock;
  readonly errors: { readonly key: string; readonly error: unknown; readonly failures: number }[];
  readonly seen: string[];
}

/** Random is 1 in every draw, nearly: each back-off is its longest. */
export function aQueue(concurrency = 2): Built {
  const clock = new ManualClock();
  const runs = new Runs();
  const errors: Built["errors"] = [];
  const seen: string[] = [];
  const queue = new WorkQueue({
    run: runs.run,
    onError: (key, error, failures) => errors.push({ key, error, failures }),
    concurrency,
    backoff: { baseMs: 100, maxMs: 1_000 },
    clock,
    random: () => 1,
    observer: {
      onAdd: () => seen.push("add"),
      onRetry: (key, failures, delayMs) => seen.push(`retry ${key} ${failures} ${delayMs}`),
      onStart: (key, waitedMs) => seen.push(`start ${key} ${waitedMs}`),
      onEnd: (key, ranMs, failed) => seen.push(`end ${key} ${ranMs} ${failed}`),
    },
  });
  queue.start();
  return { queue, runs, clock, errors, seen };
}
