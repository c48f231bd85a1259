/**
 * Sends Deployments through admission whose strategy is not what their restores make of it: those that keep their own for a restore that
 * is over or gone, and those that a restore should hold and does not. It goes by what is there, so that whoever leads next
 * carries on. The webhook alone changes workloads.
 */
import { type Backoff, doubledMs } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import { containersOf, isRestoreInit } from "../../shared/injection/own-parts.ts";
import { planInjection } from "../../shared/injection/plan.ts";
import { decideStrategy, isUnderRestore, strategyState } from "../../shared/injection/strategy.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import { WORKLOADS } from "../../shared/kube/resources.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { patchNamed } from "../authority.ts";
import type { Controller } from "../controller.ts";
import { FIELD_MANAGER } from "../injection/template-manager.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { gatherInjection } from "../world/for-injection.ts";
import type { World } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import type { Restore } from "../world/targets.ts";
import { readWorkloadObject, type WorkloadObject } from "../world/workload-object.ts";

export interface StrategyControllerPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "patch">;
  readonly settings: InjectionSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The webhook may learn of a restore's end a moment later than this process, and it may be away for long. */
const DELAY: Backoff = { baseMs: 250, maxMs: 60_000 };

export function createStrategyController(ports: StrategyControllerPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "strategy",
      subject: "workload",
      failed: "strategy not looked after; it is tried again",
      concurrency: 4,
      clock,
      log,
    },
    new StrategyWork(ports),
  );
}

/** Most Deployments of a cluster have nothing to do with restores. */
function isConcerned({ facts }: WorkloadObject): boolean {
  return strategyState(facts).kept !== undefined || containersOf(facts.podTemplate).some(isRestoreInit);
}

/** Whether the strategy is as the restores of the workload make it. */
function isStrategyCurrent(world: World, settings: InjectionSettings, { facts }: WorkloadObject): boolean {
  const view = gatherInjection(world, facts, settings);
  const plan = isOptedOut(view) ? undefined : planInjection(view).restore;
  const state = strategyState(facts);
  const isHeld = isUnderRestore(facts.podTemplate, plan);
  return decideStrategy({ kind: facts.kind, isUnderRestore: isHeld, state }) === undefined;
}

function wakeWorkload(workload: WorkloadObject, add: (key: string) => void): void {
  const { namespace, name } = workload.facts;
  if (isConcerned(workload)) add(objectKey(namespace, name));
}

class StrategyWork implements QueueWork {
  readonly #ports: StrategyControllerPorts;
  /** Requests in a row that changed nothing, by workload. */
  readonly #vain = new Map<string, number>();

  constructor(ports: StrategyControllerPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    const { world } = this.#ports;
    const onRestore = onAny((restore: Restore) => this.#onRestore(restore, add));
    return [
      world.workloads.Deployment.subscribe(onAny((workload) => wakeWorkload(workload, add))),
      world.restoreSessions.subscribe(onRestore),
      world.restoreBatches.subscribe(onRestore),
    ];
  }

  forget(): void {
    this.#vain.clear();
  }

  #onRestore(restore: Restore, add: (key: string) => void): void {
    const { namespace } = restore.metadata;
    const members = restore.kind === "RestoreBatch" ? (restore.spec.members ?? []) : [restore.spec];
    for (const { target } of members) {
      const ref = resolveTargetRef(target?.ref, namespace);
      if (ref.kind !== "Deployment" || ref.namespace !== namespace) continue;
      const workload = this.#ports.world.workloads.Deployment.get(namespace, ref.name);
      if (workload !== undefined) wakeWorkload(workload, add);
    }
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, settings, log } = this.#ports;
    const { namespace = "", name } = splitObjectKey(key);
    const workload = world.workloads.Deployment.get(namespace, name);
    const isDone =
      workload === undefined ||
      workload.facts.isBeingDeleted ||
      !isConcerned(workload) ||
      isStrategyCurrent(world, settings, workload);
    if (isDone || (await this.#request(namespace, name, signal))) {
      this.#vain.delete(key);
      return undefined;
    }
    const vain = this.#vain.get(key) ?? 0;
    this.#vain.set(key, vain + 1);
    if (vain > 0) log.warn({ workload: key, requests: vain + 1 }, "strategy not set by admission; it is tried again");
    return { requeueAfterMs: doubledMs(DELAY, vain) };
  }

  /** A patch without a change goes through admission too. @returns whether the strategy is right now, or the workload gone */
  async #request(namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    const { world, client, settings, log } = this.#ports;
    try {
      const after = await patchNamed(
        client,
        namespace,
        { resource: WORKLOADS.Deployment, namespace, name },
        { kind: "merge", body: { metadata: { annotations: {} } } },
        (raw) => readWorkloadObject("Deployment", raw),
        { signal, fieldManager: FIELD_MANAGER },
      );
      if (after === undefined || !isStrategyCurrent(world, settings, after)) return false;
      log.info({ workload: objectKey(namespace, name), strategy: after.strategy }, "strategy set by admission");
      return true;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }
}
