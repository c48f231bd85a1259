/** Conditions, phase and finalizer of BackupConfigurations and BackupBatches. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { Finalizer } from "../../shared/contract.ts";
import { messageOf } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { isConflict, isNotFound } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { wantedFor } from "../injection/gather.ts";
import { isInjectionCurrent } from "../injection/state.ts";
import { parseInvokerKey } from "../invoker-key.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { findInvokerObject } from "../world/invokers.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { decideInvokerStatus, type InvokerStatus } from "./decide.ts";
import { decideFinalize } from "./finalize.ts";
import { gatherInvokerStatus, type StatusPorts } from "./gather.ts";
import { type BackupInvokerObject, invokerKeyOf, invokersOfTarget, targetsOfInvoker } from "./related.ts";
import type { InvokerStatusView } from "./status-view.ts";
import { wakeInvokers } from "./wake.ts";
import { findWorkload, parseWorkloadKey } from "./workload-key.ts";

export interface InvokerPorts extends StatusPorts {
  readonly client: Pick<KubeClient, "list" | "patch" | "patchStatus">;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Secrets and targets that no informer holds: the longer one is missing, the less often it is looked for. */
const MISSING_AGAIN_MS = { shortest: 2_000, longest: 30_000 };
/** And those that are there. */
const FOUND_AGAIN_MS = 5 * 60_000;
/** The informer is about to show what another wrote. */
const CONFLICT_AGAIN_MS = 300;

export function createInvokerController(ports: InvokerPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "invoker",
      subject: "invoker",
      failed: "invoker not looked after; it is tried again",
      concurrency: 8,
      clock,
      log,
    },
    new InvokerWork(ports),
  );
}

class InvokerWork implements QueueWork {
  readonly #ports: InvokerPorts;
  /** Since when something of an invoker is missing, milliseconds of the steady clock. */
  readonly #missingSince = new Map<string, number>();

  constructor(ports: InvokerPorts) {
    this.#ports = ports;
  }

  async wake(add: (key: string) => void): Promise<readonly (() => void)[]> {
    const { world, records, refusals, queued, trigger, log } = this.#ports;
    await trigger.prepare().catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, "CronJobs of a former installation not looked for");
    });
    const wakeOf = (target: string): void => {
      for (const invoker of invokersOfTarget(world, target)) add(invokerKeyOf(invoker));
    };
    const ofMemories = [records, refusals, ...(queued === undefined ? [] : [queued])];
    return [...wakeInvokers(world, add), ...ofMemories.map((memory) => memory.subscribe(wakeOf))];
  }

  forget(): void {
    this.#missingSince.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const object = findInvokerObject(this.#ports.world, parseInvokerKey(key));
    if (object === undefined) {
      this.#missingSince.delete(key);
      return undefined;
    }
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    const isHeld = finalizers.includes(Finalizer.Invoker);
    if (deletionTimestamp !== undefined) return isHeld ? this.#finalize(object, signal) : undefined;
    const held = isHeld ? object : await this.#setFinalizers(object, [...finalizers, Finalizer.Invoker], signal);
    if (held === undefined) return { requeueAfterMs: CONFLICT_AGAIN_MS };
    const view = await gatherInvokerStatus(this.#ports, object, signal);
    const status = decideInvokerStatus(view, new Date(this.#ports.clock.now()));
    const isWritten = await this.#write(held, status, signal);
    return { requeueAfterMs: isWritten ? this.#nextLookMs(key, view) : CONFLICT_AGAIN_MS };
  }

  /** @returns false when another writer of the status came first */
  async #write(object: BackupInvokerObject, decided: InvokerStatus, signal: AbortSignal): Promise<boolean> {
    const { client, log, events } = this.#ports;
    const { memberConditions, ...rest } = decided;
    const before = object.status;
    const after = { ...before, ...rest, ...(memberConditions !== undefined && { memberConditions }) };
    const { apiVersion, kind } = object;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const address = { resource: KINDS[kind], namespace, name };
    // The health of backups has a condition in the same list, so the write counts only for the version that was read.
    const outcome = await mergeStatus(client, address, { before, after, resourceVersion }, asIs, { signal });
    if (outcome.kind === "written" && before?.phase !== decided.phase) {
      log.info({ invoker: invokerKeyOf(object), phase: decided.phase }, "invoker's phase changed");
    }
    if (outcome.kind === "refused") {
      log.error({ invoker: invokerKeyOf(object), error: outcome.error.message }, "invoker's status refused");
      const words = `the API server refused the status: ${outcome.error.detail}`;
      events.record({ apiVersion, kind, namespace, name, uid }, "Warning", "Status Refused", words);
    }
    return outcome.kind !== "conflict";
  }

  async #finalize(object: BackupInvokerObject, signal: AbortSignal): Promise<RunResult | undefined> {
    const { clock, log, events } = this.#ports;
    const { deletionTimestamp, finalizers = [], namespace, name, uid } = object.metadata;
    const decision = decideFinalize(
      { waitsFor: this.#targetsToClear(object), deletedAtMs: Date.parse(deletionTimestamp ?? "") },
      clock.now(),
    );
    if (decision.kind === "Wait") return { requeueAfterMs: decision.requeueAfterMs };
    if (decision.left.length > 0) {
      const { apiVersion, kind } = object;
      const words = `these still carry the sidecar, which goes with their next change: ${decision.left.join(", ")}`;
      log.warn(
        { invoker: invokerKeyOf(object), targets: decision.left },
        "invoker released before its sidecars were gone",
      );
      events.record({ apiVersion, kind, namespace, name, uid }, "Warning", "Sidecar Deletion Failed", words);
    }
    const rest = finalizers.filter((finalizer) => finalizer !== Finalizer.Invoker);
    const released = await this.#setFinalizers(object, rest, signal);
    // Where another came first the invoker is still held: it is released at the next look.
    return released === undefined ? { requeueAfterMs: CONFLICT_AGAIN_MS } : undefined;
  }

  /** Targets whose template is not yet as it should be without this invoker. */
  #targetsToClear(object: BackupInvokerObject): readonly string[] {
    const { world, settings } = this.#ports;
    return targetsOfInvoker(world, object).filter((target) => {
      const id = parseWorkloadKey(target);
      const workload = id && findWorkload(world, id);
      if (workload === undefined || workload.facts.isBeingDeleted) return false;
      return !isInjectionCurrent(workload.facts, wantedFor(world, workload.facts, settings));
    });
  }

  /** @returns the object as it is now; undefined when it is gone, or another changed it since it was read */
  async #setFinalizers<T extends BackupInvokerObject>(
    object: T,
    finalizers: readonly string[],
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { namespace, name, resourceVersion } = object.metadata;
    const patch = { kind: "merge", body: { metadata: { resourceVersion, finalizers } } } as const;
    try {
      const written = await this.#ports.client.patch(KINDS[object.kind], namespace, name, patch, asIs, { signal });
      const version = textAt(written, "metadata", "resourceVersion");
      return { ...object, metadata: { ...object.metadata, finalizers, resourceVersion: version } };
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return undefined;
      throw error;
    }
  }

  #nextLookMs(key: string, view: InvokerStatusView): number {
    if (!isMissingAnything(view)) {
      this.#missingSince.delete(key);
      return FOUND_AGAIN_MS;
    }
    const now = this.#ports.clock.monotonic();
    const sinceMs = this.#missingSince.get(key) ?? now;
    this.#missingSince.set(key, sinceMs);
    return Math.min(Math.max((now - sinceMs) / 2, MISSING_AGAIN_MS.shortest), MISSING_AGAIN_MS.longest);
  }
}

function isMissingAnything({ secret, members, repository }: InvokerStatusView): boolean {
  const lacksSecret = repository !== undefined && secret !== "found";
  return lacksSecret || members.some(({ target }) => target !== "found");
}
