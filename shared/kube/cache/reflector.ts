/**
 * Keeps a sink equal to a resource of the API server: a list, then watches that go on where the last one ended, through
 * cut connections, restarts of the server and compactions. Every event reaches the sink, in order; repetitions may too,
 * which the sink tells by the resource version.
 */
import { nextBackoffMs } from "../../backoff.ts";
import { type Clock, sleep } from "../../clock.ts";
import { createDeferred } from "../../deferred.ts";
import { textAt } from "../../json/value.ts";
import type { KubeClient } from "../client/interface.ts";
import { type WatchEvent, WatchEventType } from "../client/watch.ts";
import { isOlderVersion } from "../object-meta.ts";
import type { Resource, Selection } from "../resource.ts";
import { QuietTimer } from "./quiet-timer.ts";
import type { ReflectorTimings } from "./reflector-timings.ts";
import { decideNextTurn, type TurnOutcome } from "./reflector-turn.ts";

/** A list under way. */
export interface Replacement {
  add(items: readonly unknown[]): void;
  /** The list is complete: what it did not hold is gone. */
  commit(): void;
}

/** What a reflector fills. Nothing in it may throw. */
export interface ReflectorSink {
  replace(): Replacement;
  upsert(object: unknown): void;
  remove(object: unknown): void;
}

export interface ReflectorOptions extends Selection {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  readonly resource: Resource;
  /** All namespaces when undefined. */
  readonly namespace?: string | undefined;
  readonly metadataOnly?: boolean;
  readonly pageSize?: number;
  readonly sink: ReflectorSink;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly timings: ReflectorTimings;
  /** Every end of a list or watch that was not planned. */
  readonly onFault: (error: unknown) => void;
  /** No contact for `staleAfterMs`: what the sink holds may be old. Once per loss of contact. */
  readonly onStale: (ageMs: number) => void;
  /** No contact for `failAfterMs`: the process had better start anew. */
  readonly onFail: (ageMs: number) => void;
}

export interface ReflectorHealth {
  /** False when the last contact is longer ago than `staleAfterMs`. */
  readonly ok: boolean;
  /** Time since the API server was last heard, in milliseconds. */
  readonly ageMs: number;
}

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #synced = createDeferred<void>();
  readonly #stale: QuietTimer;
  readonly #fail: QuietTimer;
  #turn = new AbortController();
  #stopped = false;
  #running: Promise<void> | undefined;
  /** Where the next watch goes on; undefined when a list is needed first. */
  #version: string | undefined;

  constructor(options: ReflectorOptions) {
    const { clock, timings } = options;
    this.#options = options;
    this.#stale = new QuietTimer(clock, timings.staleAfterMs, options.onStale);
    this.#fail = new QuietTimer(clock, timings.failAfterMs, options.onFail);
    // Nobody has to wait for the first list.
    this.#synced.promise.catch(() => {});
  }

  /** Starts once; later calls do nothing. */
  start(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#noteContact();
    this.#running = this.#run();
  }

  /** Ends all calls; nothing reaches the sink after the promise is resolved. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stale.stop();
    this.#fail.stop();
    this.#turn.abort(new Error("the reflector is stopped"));
    this.#synced.reject(new Error("the reflector was stopped before its first list was complete"));
    await this.#running;
  }

  /** Resolved when the sink holds the first whole list; rejected when the reflector is stopped before. */
  hasSynced(): Promise<void> {
    return this.#synced.promise;
  }

  healthy(): ReflectorHealth {
    const ageMs = this.#stale.ageMs();
    return { ok: ageMs <= this.#options.timings.staleAfterMs, ageMs };
  }

  async #run(): Promise<void> {
    const { clock, random, timings } = this.#options;
    let failures = 0;
    while (!this.#stopped) {
      const outcome = await this.#runTurn();
      if (this.#stopped) return;
      const next = decideNextTurn(outcome, failures);
      if (outcome.kind === "failed") this.#options.onFault(outcome.error);
      if (next.relist) this.#version = undefined;
      failures = next.failures;
      if (next.failures === 0) continue;
      const delayMs = nextBackoffMs(timings.backoff, next.failures - 1, random());
      await sleep(clock, delayMs, this.#turn.signal).catch(() => {});
    }
  }

  /** One list, if needed, and one watch. */
  async #runTurn(): Promise<TurnOutcome> {
    const { clock, timings } = this.#options;
    this.#turn = new AbortController();
    const turn = this.#turn;
    let wasQuiet = false;
    const watchdog = new QuietTimer(clock, timings.quietAfterMs, () => {
      wasQuiet = true;
      turn.abort(new Error("the watch fell silent"));
    });
    const startedAt = clock.monotonic();
    let events = 0;
    try {
      const version = this.#version ?? (await this.#list(turn.signal));
      for await (const event of this.#watch(version, turn.signal, watchdog)) {
        events += 1;
        if (!this.#apply(event)) return { kind: "wentBack" };
      }
      return { kind: "ended", events, lastedMs: clock.monotonic() - startedAt };
    } catch (error) {
      return wasQuiet ? { kind: "quiet" } : { kind: "failed", events, error };
    } finally {
      watchdog.stop();
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, resource, namespace, sink, pageSize, metadataOnly, labelSelector, fieldSelector } = this.#options;
    const replacement = sink.replace();
    const selection = { labelSelector, fieldSelector, metadataOnly, pageSize };
    let version = "";
    // Not repeated inside the client: the back-off is the reflector's, and a broken list starts from its first page.
    for await (const page of client.listPages(resource, namespace, { ...selection, signal, maxRetries: 0 })) {
      this.#noteContact();
      replacement.add(page.items);
      version = page.resourceVersion;
    }
    replacement.commit();
    this.#version = version;
    this.#synced.resolve();
    return version;
  }

  #watch(resourceVersion: string, signal: AbortSignal, watchdog: QuietTimer): AsyncIterable<WatchEvent> {
    const { client, resource, namespace, random, timings, metadataOnly, labelSelector, fieldSelector } = this.#options;
    const spreadMs = timings.watchMaxMs - timings.watchMinMs;
    return client.watch(resource, namespace, {
      labelSelector,
      fieldSelector,
      metadataOnly,
      resourceVersion,
      timeoutSeconds: Math.ceil((timings.watchMinMs + random() * spreadMs) / 1000),
      signal,
      onContact: () => {
        watchdog.touch();
        this.#noteContact();
      },
    });
  }

  /** @returns false when the API server's history is not the one that the sink holds (etcd was restored from a backup) */
  #apply(event: WatchEvent): boolean {
    const { sink } = this.#options;
    const version = textAt(event.object, "metadata", "resourceVersion");
    if (event.type === WatchEventType.Bookmark) {
      if (version !== undefined && isOlderVersion(version, this.#version ?? version)) return false;
    } else if (event.type === WatchEventType.Deleted) sink.remove(event.object);
    else sink.upsert(event.object);
    // After the sink took it: what is cut off in between comes again.
    this.#version = version ?? this.#version;
    return true;
  }

  #noteContact(): void {
    if (this.#stopped) return;
    this.#stale.touch();
    this.#fail.touch();
  }
}
