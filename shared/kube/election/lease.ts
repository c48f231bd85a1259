/**
 * Leader election on a Lease: of several processes at most one acts. The leader stops at the latest `renewDeadlineMs`
 * after the *start* of its last successful renewal; another may take over `leaseDurationMs` after it has last seen the
 * lease change. The difference is the margin for work under way and for clocks of unequal speed.
 */
import { type Clock, sleep, systemClock } from "../../clock.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../client/error.ts";
import type { KubeClient } from "../client/interface.ts";
import { LEASES } from "../resources.ts";
import {
  buildHeldLease,
  buildReleasedLease,
  decideLeaseMove,
  type LeaseRecord,
  type ObservedLease,
  observeLease,
  readLeaseRecord,
} from "./record.ts";

export interface LeaseTimings {
  /** How long the lease stays valid without renewal, in milliseconds. */
  readonly leaseDurationMs: number;
  /** How long the leader goes on without a successful renewal, in milliseconds; well below `leaseDurationMs`. */
  readonly renewDeadlineMs: number;
  /** Time between tries, in milliseconds. */
  readonly retryMs: number;
}

const DEFAULT_LEASE_TIMINGS: LeaseTimings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, "find" | "create" | "update">;
  readonly namespace: string;
  readonly name: string;
  /** Different for every process that ever contends, such as pod name and uid. */
  readonly identity: string;
  readonly onAcquired: () => void;
  /**
   * This process leads no more. After a loss it contends again; at a stop the lease is released only when the promise
   * is settled, so work can be ended first.
   */
  readonly onLost: (why: string) => void | Promise<void>;
  /** A try failed; it is repeated. */
  readonly onFault: (error: unknown) => void;
  readonly timings?: Partial<LeaseTimings>;
  readonly clock?: Clock;
  /** In [0, 1); Math.random by default. */
  readonly random?: () => number;
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #timings: LeaseTimings;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #observed: ObservedLease | undefined;
  /** Start of the last successful renewal; undefined when this process does not lead. */
  #renewedAt: number | undefined;
  /** Whether onAcquired was called and onLost was not yet. */
  #announced = false;
  #cancelDeadline: () => void = () => {};
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws RangeError when the timings leave the leader no margin */
  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timings = { ...DEFAULT_LEASE_TIMINGS, ...options.timings };
    this.#clock = options.clock ?? systemClock;
    const { leaseDurationMs, renewDeadlineMs, retryMs } = this.#timings;
    if (!(retryMs < renewDeadlineMs && renewDeadlineMs < leaseDurationMs)) {
      throw new RangeError("a lease needs retryMs < renewDeadlineMs < leaseDurationMs");
    }
  }

  /** Starts to contend, once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** True only while no other can hold the lease; also right in a process that was stopped and continued. */
  isLeader(): boolean {
    return this.#renewedAt !== undefined && this.#clock.monotonic() - this.#renewedAt < this.#timings.renewDeadlineMs;
  }

  /** Identity that the lease named when it was last read; undefined when nobody's. */
  leader(): string | undefined {
    return this.#observed?.record.holder || undefined;
  }

  /** Stops contending, ends the leadership and releases the lease, so that another takes over at once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#abort.abort(new Error("the election is stopped"));
    await this.#running;
    const held = this.#renewedAt === undefined ? undefined : this.#observed?.record;
    await this.#lose("stopped");
    if (held !== undefined) await this.#release(held);
  }

  async #run(): Promise<void> {
    const { retryMs } = this.#timings;
    const random = this.#options.random ?? Math.random;
    while (!this.#abort.signal.aborted) {
      await this.#tryOnce();
      // Contenders that started together spread out.
      const delayMs = this.#renewedAt === undefined ? retryMs * (1 + 0.2 * random()) : retryMs;
      await sleep(this.#clock, delayMs, this.#abort.signal).catch(() => {});
    }
  }

  async #tryOnce(): Promise<void> {
    try {
      await this.#move();
    } catch (thrown) {
      if (this.#abort.signal.aborted) return;
      // Another was faster, or changed the lease: what is known of it no longer holds.
      if (isConflict(thrown) || isAlreadyExists(thrown) || isNotFound(thrown)) await this.#look();
      else this.#options.onFault(thrown);
    }
  }

  async #move(): Promise<void> {
    const { identity } = this.#options;
    const { leaseDurationMs } = this.#timings;
    // A leader knows what it wrote; one call is enough to renew.
    if (this.#renewedAt === undefined) await this.#read();
    const move = decideLeaseMove(this.#observed, identity, leaseDurationMs, this.#clock.monotonic());
    if (move === "wait") return;
    await this.#hold(move === "create" ? undefined : this.#observed?.record);
  }

  async #hold(current: LeaseRecord | undefined): Promise<void> {
    const startedAt = this.#clock.monotonic();
    const { client, namespace, name, identity } = this.#options;
    const address = { namespace, name };
    const body = buildHeldLease(address, current, identity, this.#timings.leaseDurationMs, this.#clock.now());
    const record =
      current === undefined
        ? await client.create(LEASES, namespace, body, readLeaseRecord, this.#callOptions())
        : await client.update(LEASES, namespace, body, readLeaseRecord, this.#callOptions());
    this.#observed = observeLease(this.#observed, record, this.#clock.monotonic());
    this.#win(startedAt);
  }

  async #read(): Promise<void> {
    const { client, namespace, name } = this.#options;
    const record = await client.find(LEASES, namespace, name, readLeaseRecord, this.#callOptions());
    this.#observed = record === undefined ? undefined : observeLease(this.#observed, record, this.#clock.monotonic());
  }

  /** Reads the lease after it turned out to be different, and gives up what another holds. */
  async #look(): Promise<void> {
    try {
      await this.#read();
      const holder = this.#observed?.record.holder;
      if (this.#renewedAt !== undefined && holder !== this.#options.identity) {
        await this.#lose(holder ? `${holder} holds the lease` : "the lease was released or deleted");
      }
    } catch (thrown) {
      if (!this.#abort.signal.aborted) this.#options.onFault(thrown);
    }
  }

  #win(startedAt: number): void {
    const { renewDeadlineMs } = this.#timings;
    this.#renewedAt = startedAt;
    this.#cancelDeadline();
    const leftMs = renewDeadlineMs - (this.#clock.monotonic() - startedAt);
    this.#cancelDeadline = this.#clock.after(leftMs, () => {
      void this.#lose(`not renewed for ${renewDeadlineMs} ms`);
    });
    // A stop that came while the call was under way gives back what was just taken, and nobody hears of it.
    if (this.#announced || this.#abort.signal.aborted) return;
    this.#announced = true;
    this.#options.onAcquired();
  }

  async #lose(why: string): Promise<void> {
    if (this.#renewedAt === undefined) return;
    this.#renewedAt = undefined;
    this.#cancelDeadline();
    if (!this.#announced) return;
    this.#announced = false;
    try {
      await this.#options.onLost(why);
    } catch (thrown) {
      this.#options.onFault(thrown);
    }
  }

  async #release(held: LeaseRecord): Promise<void> {
    try {
      if (await this.#isReleased(held)) return;
      // A renewal that the stop cut off may have been written all the same.
      const { client, namespace, name, identity } = this.#options;
      const newest = await client.find(LEASES, namespace, name, readLeaseRecord, this.#releaseOptions());
      if (newest?.holder === identity) await this.#isReleased(newest);
    } catch (thrown) {
      // It runs out by itself.
      this.#options.onFault(thrown);
    }
  }

  /** @returns whether there is nothing of that version left to release */
  async #isReleased(held: LeaseRecord): Promise<boolean> {
    const { client, namespace } = this.#options;
    try {
      const body = buildReleasedLease(held, this.#clock.now());
      await client.update(LEASES, namespace, body, readLeaseRecord, this.#releaseOptions());
      return true;
    } catch (thrown) {
      if (isConflict(thrown)) return false;
      if (isNotFound(thrown)) return true;
      throw thrown;
    }
  }

  #releaseOptions() {
    return { timeoutMs: this.#timings.retryMs, maxRetries: 1 };
  }

  /** One attempt at a time, and none longer than half of what the leader has. */
  #callOptions() {
    return { timeoutMs: this.#timings.renewDeadlineMs / 2, maxRetries: 0, signal: this.#abort.signal };
  }
}
