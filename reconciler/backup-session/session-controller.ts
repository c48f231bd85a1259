/** Keeps BackupSessions going: one queue of sessions, woken by everything that a decision reads. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import { type RunResult, WorkQueue, type WorkQueueObserver } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { Controller } from "../controller.ts";
import type { HookRunner } from "../hooks/hook-runner.ts";
import type { JobMaker } from "../jobs/job-maker.ts";
import { HostEvents } from "../run/host-events.ts";
import { planHostRuns } from "../run/host-runs.ts";
import { gatherRecords } from "../run/record-runs.ts";
import { syncHostRuns } from "../run/sync-host-runs.ts";
import { wholeStatus } from "../run/whole-status.ts";
import type { Limits } from "../run/world.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/world.ts";
import { actOnSession, subjectOf } from "./act.ts";
import { decideSession } from "./decide.ts";
import { gatherSession } from "./gather.ts";
import { sessionOrders } from "./host-runs.ts";
import { SessionMemories } from "./memory.ts";
import { runOwnerOf } from "./run-owner.ts";
import type { Action } from "./step.ts";
import type { SessionStatus } from "./view.ts";
import { sessionsWokenBy } from "./wake.ts";

export interface SessionControllerPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "get" | "patch" | "patchStatus">;
  readonly hooks: HookRunner;
  readonly jobs: JobMaker;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Limits;
  readonly observer?: WorkQueueObserver;
}

/** Enough to keep the API server busy; what is due at this moment is created beside it and must not wait. */
const CONCURRENCY = 8;
const DRAIN_MS = 5_000;
/** Hooks that end soon are still recorded; well below what a leader has left after it stopped renewing its lease. */
const HOOK_DRAIN_MS = 3_000;
/** A pass ends in a few rounds; more mean that others write as fast as this process does. */
const MAX_ROUNDS = 10;

export function createSessionController(ports: SessionControllerPorts): Controller {
  return new SessionController(ports);
}

class SessionController implements Controller {
  readonly name = "backup-session";
  readonly #ports: SessionControllerPorts;
  readonly #queue: WorkQueue;
  readonly #memories = new SessionMemories();
  readonly #hostEvents: HostEvents;
  #leaderSinceMs = 0;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(ports: SessionControllerPorts) {
    this.#ports = ports;
    this.#hostEvents = new HostEvents(ports.events, "Backup");
    this.#queue = new WorkQueue({
      run: (key, signal) => this.#reconcile(key, signal),
      onError: (session, error, failures) => {
        ports.log.warn({ session, failures, error: messageOf(error) }, "session not carried on; it is tried again");
      },
      concurrency: CONCURRENCY,
      // Everything that waits for the API server waits on this; a session must not lose minutes to a short outage.
      backoff: { baseMs: 100, maxMs: 10_000 },
      clock: ports.clock,
      ...(ports.observer !== undefined && { observer: ports.observer }),
    });
  }

  async start(): Promise<void> {
    const { world, clock } = this.#ports;
    this.#leaderSinceMs = clock.now();
    this.#unsubscribe = [
      world.sessions.subscribe({
        add: (session) => this.#onSession(session),
        update: (_before, session) => this.#onSession(session),
        delete: (session) => this.#onGone(session),
      }),
      ...sessionsWokenBy(world, (session) => this.#queue.add(keyOf(session))),
    ];
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#ports.hooks.whenIdle(HOOK_DRAIN_MS);
    await this.#queue.stop(DRAIN_MS);
    this.#memories.clear();
  }

  #onSession(session: BackupSession): void {
    this.#queue.add(keyOf(session));
  }

  #onGone(session: BackupSession): void {
    this.#memories.forget(keyOf(session));
    this.#hostEvents.forget(session.metadata.uid ?? "");
    this.#ports.hooks.forget(session.metadata.uid ?? "");
    this.#ports.jobs.forget(session.metadata.uid ?? "");
    // Siblings may have waited for it.
    for (const other of this.#ports.world.sessions.list(session.metadata.namespace)) {
      if (!isFinalSessionPhase(other.status?.phase)) this.#queue.add(keyOf(other));
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock, hooks, jobs, limits, log } = this.#ports;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const { namespace, name } = splitObjectKey(key);
      const stored = this.#memories.newest(key, world.sessions.get(namespace, name));
      if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return undefined;
      const owner = runOwnerOf(stored);
      const known = hostRunsOf(world, owner.namespace, owner.uid);
      const recorded = await gatherRecords(this.#ports.client, owner, stored.status ?? {}, known, signal);
      const session =
        stored.status === undefined ? stored : { ...stored, status: wholeStatus(stored.status, recorded, "backup") };
      this.#hostEvents.look(subjectOf(session), session.status ?? {});
      const facts = {
        world,
        memories: this.#memories,
        hookRuns: hooks.runs(),
        jobProblems: jobs.problems(session.metadata.uid ?? ""),
        leaderSinceMs: this.#leaderSinceMs,
        monotonicMs: clock.monotonic(),
        limits,
      };
      const { view, hostRuns, isBehind } = gatherSession(facts, key, session);
      const decision = decideSession(view, new Date(clock.now()));
      log.debug({ session: key, trail: decision.trail }, "session decided");
      const wake = (): void => this.#queue.add(key);
      const ports = { ...this.#ports, memories: this.#memories, stored: { session: stored, recorded }, wake, signal };
      const decided = writtenStatus(decision.actions);
      const status = decided ?? view.session.status ?? {};
      const isWritten = decided !== undefined || isBehind;
      const actions =
        decided === undefined && isBehind
          ? [{ kind: "WriteStatus", status } as const, ...decision.actions]
          : decision.actions;
      const outcome = await actOnSession(ports, key, view, actions);
      if (isWritten) this.#memories.keepWriteTime(key, clock.monotonic());
      if (outcome === "again") continue;
      const changes = planHostRuns(owner, sessionOrders(view, status, hostRuns), hostRuns);
      if (changes.length > 0) await syncHostRuns(this.#ports.client, session.metadata.namespace, changes, signal);
      return { requeueAfterMs: decision.requeueAfterMs };
    }
    throw new UserError("API_UNAVAILABLE", `others kept changing ${key} while it was decided`);
  }
}

function writtenStatus(actions: readonly Action[]): SessionStatus | undefined {
  return actions.flatMap((action) => (action.kind === "WriteStatus" ? [action.status] : []))[0];
}

function keyOf({ metadata }: BackupSession): string {
  return objectKey(metadata.namespace, metadata.name);
}
