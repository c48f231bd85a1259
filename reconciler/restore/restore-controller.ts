/** Keeps RestoreSessions and RestoreBatches going: one queue, woken by everything that a decision reads. */
import { KINDS } from "../../shared/api/kinds.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { type RunResult, WorkQueue, type WorkQueueObserver } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import type { HookRunner } from "../hooks/hook-runner.ts";
import type { JobMaker } from "../jobs/job-maker.ts";
import { HostEvents } from "../run/host-events.ts";
import { planHostRuns } from "../run/host-runs.ts";
import { syncHostRuns } from "../run/sync-host-runs.ts";
import type { Limits } from "../run/world.ts";
import type { World } from "../world/world.ts";
import { actOnRestore, subjectOf } from "./act.ts";
import { decideRestore } from "./decide.ts";
import { gatherRestore } from "./gather.ts";
import { halfDoneWarning } from "./half-done.ts";
import { restoreOrders } from "./host-runs.ts";
import { RestoreMemories } from "./memory.ts";
import { type RestoreObject, type RestoreStatus, readRestoreStatus } from "./restore-status.ts";
import { runOwnerOf } from "./run-owner.ts";
import type { Action } from "./step.ts";
import { restoresWokenBy } from "./wake.ts";

export interface RestoreControllerPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "create" | "find" | "list" | "patch" | "patchStatus">;
  readonly hooks: HookRunner;
  readonly jobs: JobMaker;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Limits;
  readonly observer?: WorkQueueObserver;
}

const CONCURRENCY = 16;
const DRAIN_MS = 5_000;
/** Hooks that end soon are still recorded; well below what a leader has left after it stopped renewing its lease. */
const HOOK_DRAIN_MS = 3_000;
/** A pass ends in a few rounds; more mean that others write as fast as this process does. */
const MAX_ROUNDS = 10;

export function createRestoreController(ports: RestoreControllerPorts): Controller {
  return new RestoreController(ports);
}

class RestoreController implements Controller {
  readonly name = "restore";
  readonly #ports: RestoreControllerPorts;
  readonly #queue: WorkQueue;
  readonly #memories = new RestoreMemories();
  readonly #hostEvents: HostEvents;
  #leaderSinceMs = 0;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(ports: RestoreControllerPorts) {
    this.#ports = ports;
    this.#hostEvents = new HostEvents(ports.events, "Restore");
    this.#queue = new WorkQueue({
      run: (key, signal) => this.#reconcile(key, signal),
      onError: (restore, error, failures) => {
        ports.log.warn({ restore, failures, error: messageOf(error) }, "restore not carried on; it is tried again");
      },
      concurrency: CONCURRENCY,
      backoff: { baseMs: 100, maxMs: 10_000 },
      clock: ports.clock,
      ...(ports.observer !== undefined && { observer: ports.observer }),
    });
  }

  async start(): Promise<void> {
    const { world, clock } = this.#ports;
    this.#leaderSinceMs = clock.now();
    const handler = {
      add: (restore: RestoreObject) => this.#onRestore(restore),
      update: (_before: RestoreObject, restore: RestoreObject) => this.#onRestore(restore),
      delete: (restore: RestoreObject) => this.#onGone(restore),
    };
    this.#unsubscribe = [
      world.restoreSessions.subscribe(handler),
      world.restoreBatches.subscribe(handler),
      ...restoresWokenBy(world, (restore) => this.#queue.add(keyOf(restore))),
    ];
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#ports.hooks.whenIdle(HOOK_DRAIN_MS);
    await this.#queue.stop(DRAIN_MS);
    this.#memories.clear();
  }

  #onRestore(restore: RestoreObject): void {
    this.#hostEvents.look(subjectOf(restore), readRestoreStatus(restore));
    this.#queue.add(keyOf(restore));
  }

  #onGone(restore: RestoreObject): void {
    const warning = halfDoneWarning(readRestoreStatus(restore), restore.metadata.namespace);
    if (warning !== undefined) this.#ports.events.record(subjectOf(restore), "Warning", "Restore Deleted", warning);
    this.#memories.forget(keyOf(restore));
    this.#hostEvents.forget(restore.metadata.uid ?? "");
    this.#ports.hooks.forget(restore.metadata.uid ?? "");
    this.#ports.jobs.forget(restore.metadata.uid ?? "");
  }

  #find(key: string): RestoreObject | undefined {
    const { world } = this.#ports;
    const [kind, namespace = "", name = ""] = key.split("/");
    const informer = kind === "RestoreBatch" ? world.restoreBatches : world.restoreSessions;
    return this.#memories.newest(key, informer.get(namespace, name));
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock, hooks, jobs, limits, log } = this.#ports;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const restore = this.#find(key);
      if (restore === undefined) return undefined;
      const monotonicMs = clock.monotonic();
      const facts = {
        world,
        memories: this.#memories,
        hookRuns: hooks.runs(),
        jobProblems: jobs.problems(restore.metadata.uid ?? ""),
        leaderSinceMs: this.#leaderSinceMs,
        monotonicMs,
        limits,
      };
      const { view, hostRuns, isBehind } = gatherRestore(facts, key, restore);
      const decision = decideRestore(view, new Date(clock.now()));
      log.debug({ restore: key, trail: decision.trail }, "restore decided");
      const wake = (): void => this.#queue.add(key);
      const ports = { ...this.#ports, memories: this.#memories, monotonicMs, wake, signal };
      const decided = writtenStatus(decision.actions);
      const status = decided ?? view.status;
      const actions =
        decided === undefined && isBehind
          ? [{ kind: "WriteStatus", status } as const, ...decision.actions]
          : decision.actions;
      const outcome = await actOnRestore(ports, key, view, actions);
      if (decided !== undefined || isBehind) this.#memories.keepWriteTime(key, clock.monotonic());
      if (outcome === "again") continue;
      const changes = planHostRuns(runOwnerOf(restore), restoreOrders(view, status, hostRuns), hostRuns);
      const { kind, metadata } = this.#memories.newest(key, restore) ?? restore;
      await syncHostRuns(this.#ports.client, { resource: KINDS[kind], metadata }, changes, signal);
      return { requeueAfterMs: decision.requeueAfterMs };
    }
    throw new UserError("API_UNAVAILABLE", `others kept changing ${key} while it was decided`);
  }
}

function writtenStatus(actions: readonly Action[]): RestoreStatus | undefined {
  return actions.flatMap((action) => (action.kind === "WriteStatus" ? [action.status] : []))[0];
}

function keyOf({ kind, metadata }: RestoreObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}
