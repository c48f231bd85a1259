/** Checks and prune of Repositories: runs of their own, which give way to every backup and restore. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { MaintenanceRun, Repository } from "../../shared/api/repository.ts";
import type { Clock } from "../../shared/clock.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { DeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import type { Controller } from "../controller.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { clusterIdOf } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import { actOnMaintenance } from "./act.ts";
import { decideMaintenance } from "./decide.ts";
import { type Deletions, removeDeletions, type SortedDeletions, sortDeletions } from "./deletions.ts";
import { gatherMaintenance, type MaintenanceWorld } from "./gather.ts";
import { maintenanceJobName } from "./names.ts";
import { findSaver } from "./saver.ts";
import type { MaintenanceLimits, MaintenanceView } from "./view.ts";
import { wakeMaintenance } from "./wake.ts";

export interface MaintenancePorts {
  readonly world: MaintenanceWorld;
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "patchStatus">;
  readonly events: Pick<EventRecorder, "record">;
  readonly settings: InjectionSettings;
  readonly limits: MaintenanceLimits;
  /** Namespace of the installation. */
  readonly ownNamespace: string;
  /** Undefined where no Snapshot API is served. */
  readonly deletions: Deletions | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Tries {
  readonly problem: JobProblem | undefined;
  /** By name of a job, by the monotonic clock. */
  readonly triedAtMs: ReadonlyMap<string, number>;
}

/** The informer is about to show what another wrote. */
const BEHIND_MS = 300;

export function createMaintenanceController(ports: MaintenancePorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "maintenance",
      subject: "repository",
      failed: "maintenance not looked after; it is tried again",
      concurrency: 4,
      clock,
      log,
    },
    new MaintenanceWork(ports),
  );
}

class MaintenanceWork implements QueueWork {
  readonly #ports: MaintenancePorts;
  /** By runKey(): how it went to make its jobs. Lost with the process: then it is tried again. */
  readonly #tries = new Map<string, Tries>();
  /** By uid of the job: since when it is known to be complete, by the monotonic clock. */
  readonly #completeSince = new Map<string, number>();

  constructor(ports: MaintenancePorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    const { world, deletions } = this.#ports;
    const ofOrder = ({ namespace, repository }: DeletionOrder): void => add(objectKey(namespace, repository));
    return [...wakeMaintenance(world, add), ...(deletions === undefined ? [] : [deletions.subscribe(onAny(ofOrder))])];
  }

  forget(): void {
    this.#tries.clear();
    this.#completeSince.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock, log } = this.#ports;
    const { namespace, name } = splitObjectKey(key);
    const repository = world.repositories.get(namespace, name);
    const nowMs = clock.now();
    const orders = this.#ports.deletions?.byIndex("repository", key) ?? [];
    const { open, dropped } = sortDeletions(orders, repository, new Date(nowMs));
    await this.#drop(dropped, signal);
    if (repository === undefined) return undefined;
    const view = this.#gather(repository, open);
    const decision = decideMaintenance(view, new Date(nowMs));
    if (decision.kind === "wait") {
      log.debug({ repository: key, reason: decision.why }, "maintenance waits");
      return { requeueAfterMs: decision.requeueAfterMs };
    }
    const ports = { ...this.#ports, signal, nowMs, cluster: clusterIdOf(world) };
    const saver = decision.kind === "make-job" ? findSaver(world, repository) : undefined;
    const { problem, isBehind = false } = await actOnMaintenance(ports, view, decision, saver);
    if (decision.kind === "make-job") {
      this.#tried(repository, maintenanceJobName(repository, decision.run.startedAt, decision.owner), problem);
      return { requeueAfterMs: 0 };
    }
    if (decision.kind === "end" && !isBehind) this.#ended(view, decision.run);
    return isBehind ? { requeueAfterMs: BEHIND_MS } : undefined;
  }

  async #drop(dropped: SortedDeletions["dropped"], signal: AbortSignal): Promise<void> {
    const { client, ownNamespace, log } = this.#ports;
    for (const { order, why } of dropped) {
      const { namespace, repository, snapshot, username } = order;
      await removeDeletions(client, ownNamespace, [order], signal);
      log.warn(
        { repository: objectKey(namespace, repository), snapshot, user: username, reason: why },
        "snapshot not deleted",
      );
    }
  }

  #gather(repository: Repository, deletions: MaintenanceView["deletions"]): MaintenanceView {
    const { world, limits, clock } = this.#ports;
    const nowMs = clock.monotonic();
    const { problem, triedAtMs = new Map<string, number>() } = this.#tries.get(runKey(repository)) ?? {};
    const sinceTryMs = new Map([...triedAtMs].map(([job, atMs]) => [job, nowMs - atMs]));
    const completeForMs = (uid: string): number => {
      const sinceMs = this.#completeSince.get(uid) ?? nowMs;
      this.#completeSince.set(uid, sinceMs);
      return nowMs - sinceMs;
    };
    return gatherMaintenance(world, repository, { problem, sinceTryMs, limits, completeForMs, deletions });
  }

  #tried(repository: Repository, name: string, problem: JobProblem | undefined): void {
    const key = runKey(repository);
    const triedAtMs = this.#tries.get(key)?.triedAtMs ?? new Map<string, number>();
    this.#tries.set(key, { problem, triedAtMs: new Map(triedAtMs).set(name, this.#ports.clock.monotonic()) });
    if (problem === undefined) return;
    const { code, message } = problem;
    this.#ports.log.warn(
      { repository: objectKey(repository.metadata.namespace, repository.metadata.name), code, error: message },
      "job of a maintenance refused",
    );
  }

  #ended({ repository, jobs }: MaintenanceView, { phase, reason, message }: MaintenanceRun): void {
    this.#tries.delete(runKey(repository));
    for (const { uid } of jobs) this.#completeSince.delete(uid);
    if (phase !== "Failed") return;
    const { apiVersion, kind } = KINDS.Repository;
    const { namespace, name, uid } = repository.metadata;
    this.#ports.events.record(
      { apiVersion, kind, namespace, name, uid },
      "Warning",
      "Maintenance Failed",
      `${reason}: ${message}`,
    );
  }
}

function runKey({ metadata, status }: Repository): string {
  return `${metadata.uid} ${status?.maintenanceRuns?.[0]?.startedAt}`;
}
