/**
 * A restore, the cluster around it and the clock, as values: what decideRestore answers is carried out on them at once, and
 * scripts and properties play the webhook, the agents, the pods and the hooks.
 */
import { readOwed } from "../../../reconciler/hooks/owed.ts";
import type { HookOutcome, HookRun } from "../../../reconciler/hooks/plan.ts";
import type { JobProblem } from "../../../reconciler/jobs/of-target.ts";
import { decideRestore } from "../../../reconciler/restore/decide.ts";
import { withoutEffects } from "../../../reconciler/restore/dry-run.ts";
import { readMountingPod } from "../../../reconciler/restore/mounting-pod.ts";
import type { StuckRollout } from "../../../reconciler/restore/old-pods.ts";
import { SeenPods } from "../../../reconciler/restore/seen-pods.ts";
import { type RestoreStatus, readRestoreStatus, writeRestoreStatus } from "../../../reconciler/restore/status.ts";
import type { Action } from "../../../reconciler/restore/step.ts";
import type { RestoreView } from "../../../reconciler/restore/view.ts";
import { withItem } from "../../../reconciler/run/entries.ts";
import {
  type Heartbeats,
  heartbeatAges,
  NO_HEARTBEATS,
  nextHeartbeats,
} from "../../../reconciler/run/heartbeat-ages.ts";
import { DEFAULT_LIMITS } from "../../../reconciler/run/world.ts";
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import type { HostRun } from "../../../shared/api/host-run.ts";
import type { RestoreHostStats } from "../../../shared/api/host-stats.ts";
import type { Repository } from "../../../shared/api/repository.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { restoreInvokerView } from "../../../shared/invoker/object.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import { SimulatedJobs } from "./jobs.ts";
import { keepOwed } from "./owed.ts";
import { type SimulatedPod, SimulatedPods, type SimulatedWorkload } from "./pods.ts";

export const RESTORE_START_MS = Date.UTC(2024, 3, 30, 8, 0, 0);

/** What happened in one pass, in order. */
export interface RestorePass {
  readonly before: RestoreStatus;
  readonly after: RestoreStatus;
  readonly actions: readonly Action[];
}

export interface RestoreHostAt {
  readonly targetIndex: number;
  readonly hostIndex: number;
  readonly host: RestoreHostStats;
}

export class RestoreSimulation {
  restore: RestoreBatch;
  repository: Repository | undefined = {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: {},
  };
  mayUseRepository = true;
  sessions: BackupSession[] = [];
  /** Why the job that looks for recovery points can't be made. */
  pointProblem: JobProblem | undefined;
  /** Sessions whose snapshots are in the repository, though they don't exist any more. */
  readonly pruned: BackupSession[] = [];
  readonly busyTargets = new Map<string, string>();
  readonly pods = new SimulatedPods();
  readonly jobs = new SimulatedJobs(this.pods);
  readonly workloads: SimulatedWorkload[];
  /** Whether the webhook answers: then a workload that is asked for gets the init-container. */
  isWebhookUp = true;
  readonly injected = new Set<string>();
  readonly askedAtMs = new Map<string, number>();
  nowMs = RESTORE_START_MS;
  leaderSinceMs = RESTORE_START_MS - 3_600_000;
  readonly running = new Map<string, HookRun>();
  readonly finished = new Map<string, HookOutcome>();
  readonly passes: RestorePass[] = [];
  readonly startedHooks: HookRun[] = [];
  /** Host runs that keep what is owed. */
  readonly records = new Map<string, HostRun>();
  /** By targetKey(): why a workload's controller leaves its pods as they are. */
  readonly stuck = new Map<string, StuckRollout>();
  /** By name: claim of a Deployment, where it is not its own. */
  readonly claims = new Map<string, string>();
  /** Pods of others that mount a claim. */
  readonly strangers = new Map<string, { readonly claim: string; readonly owner?: string | undefined }>();
  #heartbeats: Heartbeats = NO_HEARTBEATS;
  #seen: SeenPods | undefined;

  constructor(restore: RestoreBatch, workloads: readonly SimulatedWorkload[]) {
    this.restore = restore;
    this.workloads = [...workloads];
    for (const workload of workloads) this.pods.fill(workload, this.nowMs - 3_600_000);
  }

  get status(): RestoreStatus {
    return readRestoreStatus(this.restore);
  }

  view(): RestoreView {
    const written = restoreInvokerView(this.restore);
    const { isDryRun } = written;
    const invoker = isDryRun ? withoutEffects(written) : written;
    this.#heartbeats = nextHeartbeats(this.#heartbeats, this.status, this.pods.facts(), this.nowMs);
    const jobs = this.jobs.facts(invoker.members);
    const facts = this.workloads.map((workload) => {
      const fact = this.pods.workloadFact(workload);
      const pods = fact.pods.filter(({ restoreInit }) => isDryRun || restoreInit);
      return [targetKey(workload), { ...fact, pods }] as const;
    });
    return {
      object: this.restore,
      status: this.status,
      invoker,
      problem: undefined,
      repository: this.repository,
      mayUseRepository: this.mayUseRepository,
      sessions: this.sessions,
      busyTargets: isDryRun ? new Map() : this.busyTargets,
      holders: this.busyTargets,
      workloads: new Map([...facts, ...jobs.workloads]),
      gates: new Map(
        this.workloads.map((workload) => {
          const key = targetKey(workload);
          const askedAt = this.askedAtMs.get(key);
          const askedMsAgo = askedAt === undefined ? undefined : this.nowMs - askedAt;
          return [key, { isInjected: this.injected.has(key), askedMsAgo, stuck: this.stuck.get(key) }];
        }),
      ),
      pods: this.pods.facts(),
      lockOwners: this.pods.facts(),
      formerPods: [],
      heldElsewhere: new Map(),
      quiet: { seen: this.#seen, monotonicMs: this.nowMs, atWork: new Set() },
      jobs: jobs.jobs,
      pointSearch: { problem: this.pointProblem, job: undefined, outcome: undefined, pod: undefined },
      heartbeatAgesMs: heartbeatAges(this.#heartbeats, this.nowMs),
      hookRuns: { runner: "this", prepared: new Map(), running: new Set(this.running.keys()), finished: this.finished },
      leaderSinceMs: this.leaderSinceMs,
      owed: readOwed(this.records),
      limits: DEFAULT_LIMITS,
    };
  }

  /** Decides and carries out until nothing is left to do. @throws Error when that does not come to an end */
  settle(): void {
    for (let round = 0; round < 50; round += 1) {
      const decision = decideRestore(this.view(), new Date(this.nowMs));
      // A job that can't be made for the moment is tried again with each look.
      if (decision.actions.every((one) => one.kind === "EnsureJobs" && this.jobs.isTried(one.targetIndex))) return;
      const before = this.status;
      for (const action of decision.actions) this.#carryOut(action);
      this.passes.push({ before, after: this.status, actions: decision.actions });
    }
    throw new Error("the restore does not come to rest");
  }

  hosts(): readonly RestoreHostAt[] {
    return (this.status.targets ?? []).flatMap((target, targetIndex) =>
      (target.stats ?? []).map((host, hostIndex) => ({ targetIndex, hostIndex, host })),
    );
  }

  /** What an agent does: changes its own entry. */
  report(
    at: { readonly targetIndex: number; readonly hostIndex: number },
    change: (host: RestoreHostStats) => RestoreHostStats,
  ): void {
    const targets = withItem(this.status.targets ?? [], at.targetIndex, (target) => ({
      ...target,
      stats: withItem(target.stats ?? [], at.hostIndex, change),
    }));
    this.#write({ ...this.status, targets });
  }

  endHook(key: string, outcome: HookOutcome): void {
    if (this.running.delete(key)) this.finished.set(key, outcome);
  }

  /** The reconciler's process is killed and a new one leads. */
  restart(): void {
    this.running.clear();
    this.finished.clear();
    this.askedAtMs.clear();
    this.#heartbeats = NO_HEARTBEATS;
    this.#seen = undefined;
    this.leaderSinceMs = this.nowMs;
  }

  /**
   * A rollout brings a pod that waits in the init-container. It takes the place of the old one; a Deployment's replaces all old ones, for
   * its strategy is Recreate.
   */
  rollOut(workload: SimulatedWorkload, at: number): SimulatedPod {
    const isRecreated = workload.kind === "Deployment";
    for (const pod of this.pods.list().filter((old) => old.workload === workload)) {
      if (pod.nodeName === `node-${at}` || (isRecreated && !pod.isOfRestore)) this.pods.remove(pod.uid);
    }
    const pod = this.pods.add(workload, at, this.nowMs);
    pod.isWaiting = true;
    pod.isOfRestore = true;
    pod.isReady = false;
    return pod;
  }

  #write(status: RestoreStatus): void {
    const whole: unknown = { ...this.restore, status: writeRestoreStatus(this.restore, status) };
    this.restore = parseRestoreBatch(JSON.parse(JSON.stringify(whole)));
  }

  /** A StatefulSet's pod has a claim of its own, a DaemonSet's a folder of its node; a Deployment's share one. */
  #lookAtPods(uids: readonly string[]): void {
    const own = this.pods.list().map(({ workload, name, uid, nodeName, isWaiting, isEnded }) => {
      const claimName =
        workload.kind === "StatefulSet" ? `files-${name}` : (this.claims.get(workload.name) ?? workload.name);
      const isOfNode = workload.kind === "DaemonSet";
      const source = isOfNode
        ? { hostPath: { path: `/var/${workload.name}` } }
        : { persistentVolumeClaim: { claimName } };
      const mount = { volumeMounts: [{ name: "files", mountPath: "/data" }] };
      const init = { name: "stash-init", args: ["restore"], ...mount };
      const isOfReplicaSet = workload.kind === "Deployment";
      const owner = { controller: true, kind: isOfReplicaSet ? "ReplicaSet" : workload.kind };
      return {
        metadata: {
          name,
          uid,
          labels: { "pod-template-hash": "1" },
          ownerReferences: [{ ...owner, name: isOfReplicaSet ? `${workload.name}-1` : workload.name }],
        },
        spec: {
          nodeName,
          containers: [{ name: "app", ...mount }],
          ...(isWaiting && { initContainers: [init] }),
          volumes: [{ name: "files", ...source }],
        },
        status: { phase: isEnded ? "Failed" : isWaiting ? "Pending" : "Running" },
      };
    });
    const strangers = [...this.strangers].map(([name, { claim, owner }]) => ({
      metadata: {
        name,
        uid: `uid-${name}`,
        ...(owner !== undefined && { ownerReferences: [{ controller: true, kind: "StatefulSet", name: owner }] }),
      },
      spec: {
        containers: [{ name: "app", volumeMounts: [{ name: "files", mountPath: "/data" }] }],
        volumes: [{ name: "files", persistentVolumeClaim: { claimName: claim } }],
      },
    }));
    const pods = [...own, ...strangers].flatMap((raw) => readMountingPod(raw) ?? []);
    this.#seen = new SeenPods(pods, uids, this.nowMs, 0);
  }

  /** What the job does: tells the snapshots of all sessions. */
  #look(): void {
    const points = [...this.sessions, ...this.pruned].map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace,
      session: metadata.name,
      time: spec.dueTime ?? metadata.creationTimestamp ?? "",
      snapshots: (status?.targets ?? []).flatMap(({ ref, stats = [] }) =>
        stats.flatMap(({ hostname = "", snapshots = [] }) =>
          snapshots.map(({ name = "", path = "" }) => ({ target: ref ?? {}, hostname, path, id: name })),
        ),
      ),
    }));
    const finishedAt = new Date(this.nowMs).toISOString();
    this.#write({ ...this.status, pointSearch: { generation: 0, finishedAt, found: points.length, points } });
  }

  #carryOut(action: Action): void {
    switch (action.kind) {
      case "WriteStatus":
        this.#write(action.status);
        return;
      case "RunHook":
        keepOwed(this, action.run);
        this.running.set(action.run.key, action.run);
        this.startedHooks.push(action.run);
        return;
      case "AbortHook": {
        const finishedAt = new Date(this.nowMs).toISOString();
        this.endHook(action.key, { phase: "Failed", message: "stopped", output: "", finishedAt });
        return;
      }
      case "RequestInjection":
        this.askedAtMs.set(targetKey(action.ref), this.nowMs);
        if (this.isWebhookUp) this.injected.add(targetKey(action.ref));
        return;
      case "EnsurePointSearch":
        this.#look();
        return;
      case "LookAtPods":
        this.#lookAtPods(action.uids);
        return;
      case "EnsureJobs": {
        const member = restoreInvokerView(this.restore).members[action.targetIndex];
        if (member !== undefined) this.jobs.make(action.targetIndex, member, this.nowMs);
        return;
      }
      case "EndJob":
      case "EndPointSearch":
      case "StartPrepared":
      case "EmitEvent":
        return;
    }
  }
}
