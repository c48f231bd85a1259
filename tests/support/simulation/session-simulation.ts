/**
 * A session, the cluster around it and the clock, as values: what decideSession answers is carried out on them at once, and
 * scripts and properties play the agents, the pods and the hooks.
 */
import { decideSession } from "../../../reconciler/backup-session/decide.ts";
import type { Action } from "../../../reconciler/backup-session/step.ts";
import type {
  CleanupOutcome,
  SessionStatus,
  SessionView,
  SiblingSession,
} from "../../../reconciler/backup-session/view.ts";
import { readOwed } from "../../../reconciler/hooks/owed.ts";
import type { HookOutcome, HookRun } from "../../../reconciler/hooks/plan.ts";
import { withItem } from "../../../reconciler/run/entries.ts";
import {
  type Heartbeats,
  heartbeatAges,
  NO_HEARTBEATS,
  nextHeartbeats,
} from "../../../reconciler/run/heartbeat-ages.ts";
import type { FormerPod } from "../../../reconciler/run/locks.ts";
import { DEFAULT_LIMITS } from "../../../reconciler/run/world.ts";
import type { BackupBatch } from "../../../shared/api/backup-batch.ts";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import type { HostRun } from "../../../shared/api/host-run.ts";
import type { HostStats } from "../../../shared/api/host-stats.ts";
import type { Repository } from "../../../shared/api/repository.ts";
import { backupInvokerView } from "../../../shared/invoker/object.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import { SimulatedJobs } from "./jobs.ts";
import { keepOwed } from "./owed.ts";
import { SimulatedPods, type SimulatedWorkload } from "./pods.ts";

export const SESSION_START_MS = Date.UTC(2024, 3, 30, 2, 0, 0);

export interface SessionSimulationOptions {
  readonly batch: BackupBatch;
  readonly workloads: readonly SimulatedWorkload[];
  readonly retryLeft?: number;
}

/** What happened in one pass, in order. */
export interface Pass {
  readonly before: SessionStatus;
  readonly after: SessionStatus;
  readonly actions: readonly Action[];
  readonly trail: readonly string[];
}

/** Hosts of a session in one list. */
export interface HostAt {
  readonly targetIndex: number;
  readonly hostIndex: number;
  readonly host: HostStats;
}

export class SessionSimulation {
  batch: BackupBatch | undefined;
  invokerPhase: string | undefined = "Ready";
  repository: Repository | undefined;
  session: BackupSession;
  siblings: SiblingSession[] = [];
  busyTargets = new Map<string, string>();
  restoringTargets = new Map<string, string>();
  formerPods: FormerPod[] = [];
  readonly pods = new SimulatedPods();
  readonly jobs = new SimulatedJobs(this.pods);
  readonly workloads: SimulatedWorkload[];
  nowMs = SESSION_START_MS;
  /** The agents' and API server's clocks run on when the reconciler's jumps. */
  clockJumpMs = 0;
  leaderSinceMs = SESSION_START_MS - 3_600_000;
  running = new Map<string, HookRun>();
  finished = new Map<string, HookOutcome>();
  cleanup: CleanupOutcome | undefined;
  /** Every hook that was ever started. */
  readonly startedHooks: HookRun[] = [];
  /** Host runs that keep what is owed. */
  readonly records = new Map<string, HostRun>();
  /** Everything that was decided and done since this was last emptied. */
  readonly passes: Pass[] = [];
  #heartbeats: Heartbeats = NO_HEARTBEATS;
  #lastBatch: BackupBatch;

  constructor(options: SessionSimulationOptions) {
    const { batch, workloads, retryLeft = 0 } = options;
    this.batch = batch;
    this.#lastBatch = batch;
    this.workloads = [...workloads];
    for (const workload of workloads) this.pods.fill(workload, this.nowMs - 3_600_000);
    this.repository = aRepository();
    this.session = parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: {
        name: "nightly-1714435200",
        namespace: "demo",
        uid: "uid-session",
        creationTimestamp: new Date(this.nowMs).toISOString(),
      },
      spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: batch.metadata.name }, retryLeft },
    });
  }

  get status(): SessionStatus {
    return this.session.status ?? {};
  }

  view(): SessionView {
    if (this.batch !== undefined) this.#lastBatch = this.batch;
    const isBegun = this.status.startTime !== undefined;
    const shown = this.batch ?? (isBegun ? this.#lastBatch : undefined);
    const invoker = shown && backupInvokerView(shown);
    const jobs = this.jobs.facts(invoker?.members ?? []);
    return {
      object: this.session,
      status: this.status,
      invoker: invoker && {
        view: this.batch === undefined ? { ...invoker, isBeingDeleted: true } : invoker,
        phase: this.invokerPhase,
        isObserved: true,
        message: "",
        refusals: new Map(),
        lastRecoveryPoint: shown.status?.lastRecoveryPoint?.time,
      },
      invokerProblem: undefined,
      repository: this.repository,
      siblings: this.siblings,
      busyTargets: this.busyTargets,
      restoringTargets: this.restoringTargets,
      workloads: new Map([
        ...this.workloads.map((workload) => [targetKey(workload), this.pods.workloadFact(workload)] as const),
        ...jobs.workloads,
      ]),
      pods: this.pods.facts(),
      lockOwners: this.pods.facts(),
      formerPods: this.formerPods,
      jobs: jobs.jobs,
      heartbeatAgesMs: this.#lookForSilence(),
      hookRuns: { runner: "this", prepared: new Map(), running: new Set(this.running.keys()), finished: this.finished },
      owed: readOwed(this.records),
      cleanup: this.cleanup,
      leaderSinceMs: this.leaderSinceMs,
      limits: DEFAULT_LIMITS,
    };
  }

  /** Decides and carries out until nothing is left to do. @throws Error when that does not come to an end */
  settle(): void {
    for (let round = 0; round < 50; round += 1) {
      const decision = decideSession(this.view(), new Date(this.nowMs + this.clockJumpMs));
      // A job that is refused for the moment is tried again with each look.
      const isIdle = decision.actions.every((one) => one.kind === "EnsureJob" && this.jobs.isTried(one.targetIndex));
      if (isIdle) return;
      const before = this.status;
      for (const action of decision.actions) this.#carryOut(action);
      this.passes.push({ before, after: this.status, actions: decision.actions, trail: decision.trail });
    }
    throw new Error(`the session does not come to rest: ${JSON.stringify(this.passes.at(-1)?.trail)}`);
  }

  hosts(): readonly HostAt[] {
    return (this.status.targets ?? []).flatMap((target, targetIndex) =>
      (target.stats ?? []).map((host, hostIndex) => ({ targetIndex, hostIndex, host })),
    );
  }

  /** What an agent does: changes its own entry. */
  report(
    at: { readonly targetIndex: number; readonly hostIndex: number },
    change: (host: HostStats) => HostStats,
  ): void {
    const targets = withItem(this.status.targets ?? [], at.targetIndex, (target) => ({
      ...target,
      stats: withItem(target.stats ?? [], at.hostIndex, change),
    }));
    this.session = { ...this.session, status: { ...this.status, targets } };
  }

  endHook(key: string, outcome: HookOutcome): void {
    if (this.running.delete(key)) this.finished.set(key, outcome);
  }

  /** Somebody writes into the session that it is to end. */
  cancel(): void {
    this.session = { ...this.session, spec: { ...this.session.spec, cancel: true } };
  }

  /** The reconciler's process is killed and a new one leads: what only memory held is lost. */
  restart(): void {
    this.running.clear();
    this.finished.clear();
    this.cleanup = undefined;
    this.#heartbeats = NO_HEARTBEATS;
    this.leaderSinceMs = this.nowMs + this.clockJumpMs;
  }

  #carryOut(action: Action): void {
    switch (action.kind) {
      case "WriteStatus":
        this.session = parseBackupSession(JSON.parse(JSON.stringify({ ...this.session, status: action.status })));
        return;
      case "AddLabels":
        this.session = {
          ...this.session,
          metadata: { ...this.session.metadata, labels: { ...this.session.metadata.labels, ...action.labels } },
        };
        return;
      case "RunHook":
        keepOwed(this, action.run);
        this.running.set(action.run.key, action.run);
        this.startedHooks.push(action.run);
        return;
      case "AbortHook":
        this.endHook(action.key, { phase: "Failed", message: "stopped", output: "", finishedAt: this.#time() });
        return;
      case "EnsureJob": {
        const member = this.batch && backupInvokerView(this.batch).members[action.targetIndex];
        if (member !== undefined) this.jobs.make(action.targetIndex, member, this.nowMs);
        return;
      }
      case "CreateRetry":
        this.siblings.push({
          name: `nightly-${action.dueAtMs / 1_000}`,
          createdAtMs: this.nowMs,
          phase: undefined,
          isStarted: false,
          retryOf: this.session.metadata.name,
        });
        return;
      case "DeleteSessions":
        this.siblings = this.siblings.filter(({ name }) => !action.names.includes(name));
        this.cleanup = { error: undefined };
        return;
      case "RecordRecoveryPoint":
        this.batch = this.batch && {
          ...this.batch,
          status: { ...this.batch.status, lastRecoveryPoint: { session: action.session, time: action.time } },
        };
        return;
      case "EndJob":
      case "StartPrepared":
      case "EmitEvent":
        return;
    }
  }

  #time(): string {
    return new Date(this.nowMs).toISOString();
  }

  #lookForSilence(): ReadonlyMap<string, number> {
    this.#heartbeats = nextHeartbeats(this.#heartbeats, this.status, this.pods.facts(), this.nowMs);
    return heartbeatAges(this.#heartbeats, this.nowMs);
  }
}

function aRepository(): Repository {
  return {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: { backend: { storageSecretName: "secret", rest: { url: "http://store:8000/" } } },
  };
}
