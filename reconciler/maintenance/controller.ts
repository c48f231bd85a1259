/** Checks and prune of Repositories: runs of their own, which give way to every backup and restore. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { MaintenanceRun, Repository } from "../../shared/api/repository.ts";
import { messageOf } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import { type RunResult, WorkQueue } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import type { JobProblem } from "../jobs/target-job.ts";
import { runHosts, runTargets } from "../run/run-facts.ts";
import type { Limits } from "../run/world.ts";
import { actOnMaintenance } from "./act.ts";
import { decideMaintenance } from "./decide.ts";
import { gatherMaintenance, type MaintenanceWorld } from "./gather.ts";
import type { MaintenanceView } from "./view.ts";
import { wakeMaintenance } from "./wake.ts";

export interface MaintenancePorts {
  readonly world: MaintenanceWorld;
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "patchStatus">;
  readonly events: Pick<EventRecorder, "record">;
  readonly settings: InjectionSettings;
  readonly limits: Pick<Limits, "maintenanceMs" | "maintenanceDelayMs">;
  readonly clock: Clock;
  readonly log: Logger;
}

const CONCURRENCY = 4;
const DRAIN_MS = 5_000;
/** The informer is about to show what another wrote. */
const BEHIND_MS = 300;

export function createMaintenanceController(ports: MaintenancePorts): Controller {
  return new MaintenanceController(ports);
}

class MaintenanceController implements Controller {
  readonly name = "maintenance";
  readonly #ports: MaintenancePorts;
  readonly #queue: WorkQueue;
  /** By key of the Repository and begin of the run. Lost with the process: then it is tried again. */
  readonly #problems = new Map<string, JobProblem>();
  /** By uid of the job: since when it is known to be complete, by the monotonic clock. */
  readonly #completeSince = new Map<string, number>();
  #unsubscribe: readonly (() => void)[] = [];

  constructor(ports: MaintenancePorts) {
    this.#ports = ports;
    this.#queue = new WorkQueue({
      run: (key, signal) => this.#reconcile(key, signal),
      onError: (repository, error, failures) => {
        ports.log.warn(
          { repository, failures, error: messageOf(error) },
          "maintenance not looked after; it is tried again",
        );
      },
      concurrency: CONCURRENCY,
      clock: ports.clock,
    });
  }

  async start(): Promise<void> {
    this.#unsubscribe = wakeMaintenance(this.#ports.world, (key) => this.#queue.add(key));
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#queue.stop(DRAIN_MS);
    this.#problems.clear();
    this.#completeSince.clear();
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock } = this.#ports;
    const { namespace, name } = splitObjectKey(key);
    const repository = world.repositories.get(namespace, name);
    if (repository === undefined) return undefined;
    const view = this.#gather(repository);
    const decision = decideMaintenance(view, new Date(clock.now()));
    if (decision.kind === "wait") return { requeueAfterMs: decision.requeueAfterMs };
    const ports = { ...this.#ports, signal };
    const { problem, isBehind } = await actOnMaintenance(ports, view, decision, nodeOf(world, repository));
    if (decision.kind === "end") this.#ended(view, decision.run, isBehind === true);
    if (problem === undefined) return isBehind === true ? { requeueAfterMs: BEHIND_MS } : undefined;
    this.#problems.set(problemKey(repository), problem);
    return { requeueAfterMs: 0 };
  }

  #gather(repository: Repository): MaintenanceView {
    const { world, limits, clock } = this.#ports;
    const memory = { problem: this.#problems.get(problemKey(repository)), completeForMs: 0, limits };
    const view = gatherMaintenance(world, repository, memory);
    const nowMs = clock.monotonic();
    const complete = view.jobs.find(({ outcome }) => outcome.kind === "complete");
    if (complete === undefined) return view;
    const sinceMs = this.#completeSince.get(complete.uid) ?? nowMs;
    this.#completeSince.set(complete.uid, sinceMs);
    return { ...view, completeForMs: nowMs - sinceMs };
  }

  #ended({ repository, jobs }: MaintenanceView, { phase, reason, message }: MaintenanceRun, isBehind: boolean): void {
    if (isBehind) return;
    this.#problems.delete(problemKey(repository));
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

function problemKey({ metadata, status }: Repository): string {
  return `${metadata.uid} ${status?.maintenanceRuns?.[0]?.startedAt}`;
}

/** A folder of a node is another one on every node: that of the newest host which saved into it counts. */
function nodeOf(world: MaintenanceWorld, { metadata, spec }: Repository): string | undefined {
  if (spec.backend?.local?.hostPath === undefined) return undefined;
  const sessions = world.sessions.byIndex("repository", objectKey(metadata.namespace, metadata.name));
  const newest = [...sessions].sort((a, b) =>
    (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? 1 : -1,
  );
  return newest
    .flatMap(({ status }) => runTargets(status ?? {}).flatMap(runHosts))
    .find(({ phase, node }) => phase === "Succeeded" && node !== undefined)?.node;
}
