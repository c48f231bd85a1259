/**
 * Keeps the schedules of all invokers: one timer for all of them, one queue that creates sessions, and one that writes the
 * status, which waits while sessions are being created.
 */
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { isNotFound, isRefused } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { Controller } from "../controller.ts";
import { formatInvokerKey, parseInvokerKey } from "../invoker-key.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { createScheduledSession } from "./act.ts";
import { decideSchedule, type ScheduleDecision } from "./decide.ts";
import { DueTimer } from "./due-timer.ts";
import { type GatheredSchedule, gatherSchedule, type ScheduleMemory } from "./gather.ts";
import type { BackupInvoker, SchedulePorts } from "./ports.ts";

/** An API server with two cores answers most creates a second when about this many are under way. */
const DEFAULT_CONCURRENCY = 12;
const STATUS_CONCURRENCY = 8;

interface StatusWrite {
  readonly nextRuns: readonly string[];
  readonly missedRuns: number;
  readonly lastScheduleTime?: string;
}

export function createScheduleController(ports: SchedulePorts): Controller {
  const { clock, log, concurrency = DEFAULT_CONCURRENCY } = ports;
  const failed = "schedule not carried out; it is tried again";
  const common = { name: "schedule", subject: "invoker", failed, clock, log };
  const work = new ScheduleWork(ports);
  // A due session is worth more than the API server's rest.
  const backoff = { baseMs: 200, maxMs: 30_000 };
  const sessions = createQueueController({ ...common, concurrency, backoff }, work);
  const statuses = createQueueController(
    { ...common, concurrency: STATUS_CONCURRENCY },
    {
      wake: (add) => work.wakeStatuses(add),
      async reconcile(key, signal) {
        // Sessions first: a late status harms nobody, and if it is lost the next leader finds the session by its name.
        await sessions.whenIdle();
        return work.writeStatus(key, signal);
      },
    },
  );
  return {
    name: "schedule",
    async start() {
      await statuses.start();
      await sessions.start();
    },
    async stop() {
      await Promise.all([sessions.stop(), statuses.stop()]);
      work.forgetAll();
    },
  };
}

class ScheduleWork implements QueueWork {
  readonly #ports: SchedulePorts;
  readonly #timer: DueTimer;
  readonly #memories = new Map<string, ScheduleMemory>();
  readonly #statusWrites = new Map<string, StatusWrite>();
  /** Keys that wait for the end of a restore. */
  readonly #held = new Set<string>();
  #add: (key: string) => void = () => {};
  #addStatus: (key: string) => void = () => {};

  constructor(ports: SchedulePorts) {
    this.#ports = ports;
    this.#timer = new DueTimer(ports.clock, (key) => this.#add(key));
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    this.#add = add;
    const { world } = this.#ports;
    const onInvoker = (invoker: BackupInvoker): void => add(keyOf(invoker));
    return [
      world.subscribeInvokers({ add: onInvoker, update: (_before, invoker) => onInvoker(invoker), delete: onInvoker }),
      world.subscribeRestores(() => {
        for (const key of this.#held) add(key);
      }),
      () => this.#timer.stop(),
    ];
  }

  wakeStatuses(add: (key: string) => void): readonly (() => void)[] {
    this.#addStatus = add;
    return [];
  }

  /** What waits to be written is known until both queues have stopped. */
  forgetAll(): void {
    this.#memories.clear();
    this.#statusWrites.clear();
    this.#held.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock } = this.#ports;
    const object = world.findInvoker(parseInvokerKey(key));
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return undefined;
    }
    let gathered: GatheredSchedule;
    try {
      gathered = gatherSchedule(world, object, this.#memories.get(key));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#giveUp(key, object, error);
      return undefined;
    }
    await this.#act(key, gathered, decideSchedule(gathered.view, clock.now()), signal);
    return undefined;
  }

  async #act(key: string, gathered: GatheredSchedule, decision: ScheduleDecision, signal: AbortSignal): Promise<void> {
    const { clock, log, startsSessions } = this.#ports;
    if (decision.kind === "Hold") {
      if (!this.#held.has(key)) log.info({ invoker: key, restore: decision.restore }, "schedule held by a restore");
      this.#held.add(key);
    } else {
      this.#held.delete(key);
    }
    if (decision.kind === "Start" && startsSessions) {
      await this.#startSession(key, gathered, decision.dueAtMs, signal);
    }
    const missed = startsSessions && "missed" in decision ? decision.missed : 0;
    if (missed > 0) {
      log.warn({ invoker: key, missed }, "due times passed without a session");
      this.#ports.observer?.onMissed?.(gathered.invoker, missed);
    }
    const missedRuns = gathered.memory.missedRuns + missed;
    this.#memories.set(key, { ...gathered.memory, announced: decision.announce, missedRuns });
    this.#announce(key, gathered, decision, missedRuns);
    if ("untilMs" in decision) this.#timer.set(key, Math.max(decision.untilMs, clock.now()));
    else this.#timer.remove(key);
  }

  async #startSession(key: string, { invoker }: GatheredSchedule, dueAtMs: number, signal: AbortSignal): Promise<void> {
    const { client, clock, log, observer } = this.#ports;
    const { name, isNew } = await createScheduledSession(client, invoker, dueAtMs, signal);
    const lateMs = clock.now() - dueAtMs;
    if (isNew) {
      log.info({ invoker: key, session: `${invoker.namespace}/${name}`, lateMs }, "session started on schedule");
      observer?.onStarted?.(invoker, dueAtMs, lateMs);
    } else {
      log.debug({ invoker: key, session: `${invoker.namespace}/${name}` }, "session of this due time is there already");
    }
  }

  #announce(key: string, { view, memory }: GatheredSchedule, decision: ScheduleDecision, missedRuns: number): void {
    const { announce } = decision;
    const isStarted = decision.kind === "Start" && this.#ports.startsSessions;
    const isKnown =
      !isStarted &&
      missedRuns === memory.missedRuns &&
      view.announced?.length === announce.length &&
      announce.every((at, index) => at === view.announced?.[index]);
    if (isKnown) return;
    const earlier = this.#statusWrites.get(key);
    this.#statusWrites.set(key, {
      ...earlier,
      nextRuns: announce.map((at) => formatTime(new Date(at))),
      missedRuns,
      ...(isStarted && { lastScheduleTime: formatTime(new Date(decision.dueAtMs)) }),
    });
    this.#addStatus(key);
  }

  async writeStatus(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const write = this.#statusWrites.get(key);
    if (write === undefined) return undefined;
    const { kind, namespace, name } = parseInvokerKey(key);
    try {
      const patch = { kind: "merge", body: { status: write } } as const;
      await this.#ports.client.patchStatus(KINDS[kind], namespace, name, patch, asIs, { signal });
    } catch (error) {
      // What is refused once is refused again; the next slot has something new to write.
      if (isRefused(error)) this.#ports.log.error({ invoker: key, error: error.message }, "status refused");
      else if (!isNotFound(error)) throw error;
    }
    if (this.#statusWrites.get(key) === write) this.#statusWrites.delete(key);
    return undefined;
  }

  /** The condition CronJobCreated tells the user; here only the promise is taken back. */
  #giveUp(key: string, { status }: BackupInvoker, error: UserError): void {
    this.#ports.log.warn({ invoker: key, error: error.message }, "schedule can't be followed");
    this.#forget(key);
    if (status?.nextRuns === undefined || status.nextRuns.length === 0) return;
    this.#statusWrites.set(key, { nextRuns: [], missedRuns: status.missedRuns ?? 0 });
    this.#addStatus(key);
  }

  #forget(key: string): void {
    this.#timer.remove(key);
    this.#memories.delete(key);
    this.#statusWrites.delete(key);
    this.#held.delete(key);
  }
}

function keyOf({ kind, metadata }: BackupInvoker): string {
  return formatInvokerKey({ kind, namespace: metadata.namespace, name: metadata.name });
}
