/**
 * Finds workloads whose pod template is not as the invokers want it, and sends them through admission again: what an outage
 * of the webhook let through, what an edit changed, what a deletion leaves behind. The webhook alone changes templates.
 */
import { Annotation } from "../../shared/contract.ts";
import { assertNever, messageOf } from "../../shared/errors.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import { containersOf, isSidecar } from "../../shared/injection/own-parts.ts";
import { planInjection } from "../../shared/injection/plan.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { KubeError } from "../../shared/kube/kube-error.ts";
import { type RunResult, WorkQueue } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import { patchNamed } from "../authority.ts";
import type { Controller } from "../controller.ts";
import { gatherInjection } from "../world/injection-world.ts";
import { openRestores } from "../world/targets.ts";
import { readWorkloadObject, WORKLOADS, type WorkloadObject } from "../world/workload-object.ts";
import type { World } from "../world/world.ts";
import { decideRequest } from "./decide-request.ts";
import { afterLook, afterVainRequest, type InjectionRecord, isNewConflict, withConflict } from "./injection-record.ts";
import type { InjectionRecords } from "./injection-records.ts";
import { isInjectionCurrent, WANTS_NOTHING, type WantedInjection, wantedHash } from "./injection-state.ts";
import { FIELD_MANAGER, findTemplateManager } from "./template-manager.ts";
import { wakeTargets } from "./wake.ts";
import { findWorkload, parseWorkloadKey, type WorkloadId } from "./workload-key.ts";

export interface InjectionPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "find" | "patch">;
  readonly settings: InjectionSettings;
  readonly records: InjectionRecords;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Each request may start a rollout: a few at a time leave the cluster's nodes room. */
const CONCURRENCY = 4;
const DRAIN_MS = 5_000;

export function createInjectionController(ports: InjectionPorts): Controller {
  return new InjectionController(ports);
}

class InjectionController implements Controller {
  readonly name = "injection";
  readonly #ports: InjectionPorts;
  readonly #queue: WorkQueue;
  /** What the API server answered to our last request, until the informer shows it. */
  readonly #latest = new Map<string, WorkloadObject>();
  #unsubscribe: readonly (() => void)[] = [];

  constructor(ports: InjectionPorts) {
    this.#ports = ports;
    this.#queue = new WorkQueue({
      run: (key, signal) => this.#reconcile(key, signal),
      onError: (target, error, failures) => {
        ports.log.warn({ target, failures, error: messageOf(error) }, "injection not looked after; it is tried again");
      },
      concurrency: CONCURRENCY,
      clock: ports.clock,
    });
  }

  async start(): Promise<void> {
    this.#unsubscribe = wakeTargets(this.#ports.world, (target) => this.#queue.add(target));
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#queue.stop(DRAIN_MS);
    this.#latest.clear();
    this.#ports.records.clear();
  }

  async #reconcile(target: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, settings, records, clock } = this.#ports;
    const id = parseWorkloadKey(target);
    const workload = id && this.#newest(target, findWorkload(world, id));
    if (id === undefined || workload === undefined) {
      records.forget(target);
      this.#latest.delete(target);
      return undefined;
    }
    const view = gatherInjection(world, workload.facts, settings);
    const wanted: WantedInjection = { plan: planInjection(view), isOptedOut: isOptedOut(view) };
    const isCurrent = isInjectionCurrent(workload.facts, wanted);
    // Most workloads of a cluster have nothing to do with backups.
    if (isCurrent && wantedHash(wanted) === WANTS_NOTHING && records.get(target) === undefined) return undefined;
    const record = await this.#look(target, id, { wanted: wantedHash(wanted), isCurrent }, signal);
    const isRestoring = [...openRestores(world, [workload.facts]).values()].some(
      ({ status }) => status?.phase === "Running",
    );
    const decision = decideRequest(
      { isBeingDeleted: workload.facts.isBeingDeleted, isCurrent, isRestoring, record },
      clock.monotonic(),
    );
    switch (decision.kind) {
      case "Leave":
        return record.conflict && { requeueAfterMs: Math.max(record.conflict.untilMs - clock.monotonic(), 1) };
      case "Wait":
        return { requeueAfterMs: decision.requeueAfterMs };
      case "Request":
        return this.#request(target, id, wanted, record, signal);
      default:
        return assertNever(decision);
    }
  }

  #newest(target: string, informed: WorkloadObject | undefined): WorkloadObject | undefined {
    const latest = this.#latest.get(target);
    if (latest === undefined) return informed;
    if (informed !== undefined && informed.uid === latest.uid && informed.generation < latest.generation) return latest;
    this.#latest.delete(target);
    return informed;
  }

  async #look(
    target: string,
    id: WorkloadId,
    seen: { readonly wanted: string; readonly isCurrent: boolean },
    signal: AbortSignal,
  ): Promise<InjectionRecord> {
    const { records, clock, client, log } = this.#ports;
    const looked = afterLook(records.get(target), seen, clock.monotonic());
    if (!isNewConflict(looked)) {
      records.set(target, looked);
      return looked;
    }
    const manager = await findTemplateManager(client, id, signal);
    const record = withConflict(looked, manager, clock.monotonic());
    records.set(target, record);
    log.warn({ target, manager, reason: "InjectionConflict" }, "injection is undone again and again; it is left alone");
    return record;
  }

  async #request(
    target: string,
    id: WorkloadId,
    wanted: WantedInjection,
    record: InjectionRecord,
    signal: AbortSignal,
  ): Promise<RunResult | undefined> {
    const { client, records, clock, log } = this.#ports;
    const { kind, namespace, name } = id;
    const body = { metadata: { annotations: { [Annotation.RequestedInjection]: record.wanted } } };
    let after: WorkloadObject | undefined;
    let refusal: string | undefined;
    try {
      after = await patchNamed(
        client,
        namespace,
        { resource: WORKLOADS[kind], namespace, name },
        { kind: "merge", body },
        (raw) => readWorkloadObject(kind, raw),
        { signal, fieldManager: FIELD_MANAGER },
      );
    } catch (error) {
      if (!(error instanceof KubeError) || error.retryable) throw error;
      refusal = messageOf(error);
    }
    if (after !== undefined && isInjectionCurrent(after.facts, wanted)) {
      this.#latest.set(target, after);
      records.set(target, afterLook(record, { wanted: record.wanted, isCurrent: true }, clock.monotonic()));
      this.#tell(id, after, wanted);
      return undefined;
    }
    const vain = afterVainRequest(record, refusal, clock.monotonic());
    records.set(target, vain);
    log.warn({ target, requests: vain.vainRequests, error: refusal }, "workload re-submitted in vain");
    return { requeueAfterMs: vain.notBeforeMs - clock.monotonic() };
  }

  #tell({ kind, namespace, name }: WorkloadId, after: WorkloadObject, wanted: WantedInjection): void {
    const { events, log } = this.#ports;
    const isInjected = containersOf(after.facts.podTemplate).some(isSidecar);
    log.info({ target: `${kind}/${namespace}/${name}`, hash: wantedHash(wanted) }, "workload re-submitted");
    const subject = { apiVersion: after.facts.apiVersion, kind, namespace, name, uid: after.uid };
    if (isInjected)
      events.record(subject, "Normal", "Sidecar Injection Succeeded", "the pod template carries the sidecar");
    else events.record(subject, "Normal", "Sidecar Deletion Succeeded", "the sidecar is gone from the pod template");
  }
}
