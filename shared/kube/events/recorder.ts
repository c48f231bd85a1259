/**
 * Records Events in the background. An Event is news for people, never a part of the work: recording returns at once
 * and never throws, repeats become a count, and what exceeds the limits is dropped and counted.
 */
import { type Clock, sleep, systemClock } from "../../clock.ts";
import { isAlreadyExists, isNamespaceEnding, isNotFound } from "../client/error.ts";
import type { KubeClient } from "../client/interface.ts";
import { asIs } from "../client/interface.ts";
import { type RateLimit, TokenBucket } from "../client/rate-limit.ts";
import { EVENTS } from "../resources.ts";
import {
  buildEvent,
  buildEventRepeat,
  type EventSource,
  type EventSubject,
  type EventText,
  type EventType,
  eventName,
  eventNamespace,
  type Occurrence,
} from "./object.ts";

export interface EventRecorder {
  record(subject: EventSubject, type: EventType, reason: string, message: string): void;
  /** Resolved when everything recorded so far is written or given up. */
  flush(): Promise<void>;
  /** Drops what is not written and records no more. */
  stop(): Promise<void>;
  /** How many Events were dropped for their number or could not be written. */
  readonly dropped: number;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "create" | "patch">;
  readonly source: EventSource;
  /** An Event could not be written, or was one too many. */
  readonly onDropped: (subject: EventSubject, reason: string, error: unknown) => void;
  readonly clock?: Clock;
  /** Writes per second; 10 with bursts of 100 by default. */
  readonly rateLimit?: RateLimit;
}

/** The same thing again within this time counts up; later it is news. */
const REPEAT_WINDOW_MS = 10 * 60_000;
/** Most different Events that are remembered for repeats, and most that wait to be written. */
const MAX_REMEMBERED = 2_000;
const MAX_WAITING = 500;
const DEFAULT_RATE_LIMIT: RateLimit = { qps: 10, burst: 100 };

interface Remembered {
  readonly subject: EventSubject;
  readonly text: EventText;
  readonly name: string;
  occurrence: Occurrence;
  /** Whether the API server has it; else the next write creates it. */
  written: boolean;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new BackgroundRecorder(options);
}

class BackgroundRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  /** In the order of the last occurrence. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #waiting = new Map<string, Remembered>();
  readonly #abort = new AbortController();
  #isWriting = false;
  #writing: Promise<void> | undefined;
  #serial = 0;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bucket = new TokenBucket(options.rateLimit ?? DEFAULT_RATE_LIMIT, this.#clock);
  }

  get dropped(): number {
    return this.#dropped;
  }

  record(subject: EventSubject, type: EventType, reason: string, message: string): void {
    if (this.#abort.signal.aborted) return;
    const key = JSON.stringify([
      eventNamespace(subject),
      subject.kind,
      subject.name,
      subject.uid,
      type,
      reason,
      message,
    ]);
    const event = this.#note(key, subject, { type, reason, message });
    // Repeats of what still waits are written with it.
    if (this.#waiting.has(key)) return;
    if (this.#waiting.size >= MAX_WAITING) {
      this.#remembered.delete(key);
      this.#drop(event, new Error(`${MAX_WAITING} Events wait already`));
      return;
    }
    this.#waiting.set(key, event);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#writeAll();
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error("the recorder is stopped"));
    this.#waiting.clear();
    await this.#writing;
  }

  #note(key: string, subject: EventSubject, text: EventText): Remembered {
    const now = this.#clock.now();
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const repeats = known !== undefined && now - known.occurrence.lastAt <= REPEAT_WINDOW_MS;
    const event = repeats ? known : this.#news(subject, text, now);
    if (repeats) event.occurrence = { ...event.occurrence, count: event.occurrence.count + 1, lastAt: now };
    this.#remembered.set(key, event);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    return event;
  }

  #news(subject: EventSubject, text: EventText, now: number): Remembered {
    this.#serial += 1;
    const name = eventName(subject.name, now, this.#serial);
    return { subject, text, name, occurrence: { count: 1, firstAt: now, lastAt: now }, written: false };
  }

  async #writeAll(): Promise<void> {
    // The first write too comes after the turn of whoever records.
    await Promise.resolve();
    for (const [key, event] of this.#waiting) {
      try {
        const waitMs = this.#bucket.reserve();
        if (waitMs > 0) await sleep(this.#clock, waitMs, this.#abort.signal);
        this.#waiting.delete(key);
        await this.#write(event);
      } catch (error) {
        this.#waiting.delete(key);
        // Nobody is left to read it where the namespace is being deleted.
        if (!this.#abort.signal.aborted && !isNamespaceEnding(error)) this.#drop(event, error);
      }
    }
    // In the same turn as the end of the loop: what is recorded from now on starts the next one.
    this.#isWriting = false;
  }

  async #write(event: Remembered): Promise<void> {
    const { client } = this.#options;
    const namespace = eventNamespace(event.subject);
    const call = { signal: this.#abort.signal };
    if (event.written) {
      try {
        const patch = { kind: "merge", body: buildEventRepeat(event.occurrence) } as const;
        await client.patch(EVENTS, namespace, event.name, patch, asIs, call);
        return;
      } catch (error) {
        // Events are deleted after an hour, or by hand: it is news again, under its old name.
        if (!isNotFound(error)) throw error;
      }
    }
    const body = buildEvent(event.name, event.subject, event.text, this.#options.source, event.occurrence);
    try {
      await client.create(EVENTS, namespace, body, asIs, call);
    } catch (error) {
      // The first of two attempts went through after all.
      if (!isAlreadyExists(error)) throw error;
    }
    event.written = true;
  }

  #drop(event: Remembered, error: unknown): void {
    this.#dropped += 1;
    this.#options.onDropped(event.subject, event.text.reason, error);
  }
}
