/** BackupVerifiers: makes drills when they are due, forgets old ones, and says what was proven. */
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { Label, LabelValue } from "../../shared/contract.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import { labelValue } from "../../shared/label-value.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import type { BackupInvokerObject } from "../invoker/related.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import type { World } from "../world/informers.ts";
import { findInvokerObject } from "../world/invokers.ts";
import { onAny } from "../world/on-any.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { decideVerifier, type NewDrill, type VerifierView } from "./decide-verifier.ts";

export interface VerifierPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "create" | "delete" | "patchStatus">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The informer is about to show what another wrote. */
const BEHIND_MS = 300;
/** Timers measure steady time, due times are wall-clock times. */
const LONGEST_SLEEP_MS = 10_000;

export function createVerifierController(ports: VerifierPorts): Controller {
  const { clock, log } = ports;
  const failed = "verifier not looked after; it is tried again";
  return createQueueController(
    { name: "verifier", subject: "verifier", failed, concurrency: 4, clock, log },
    new VerifierWork(ports),
  );
}

class VerifierWork implements QueueWork {
  readonly #ports: VerifierPorts;

  constructor(ports: VerifierPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    const { world } = this.#ports;
    const ofInvoker = (kind: string, namespace: string, name: string): void => {
      for (const { metadata } of world.verifiers.byIndex("invoker", `${kind}/${namespace}/${name}`)) {
        add(objectKey(metadata.namespace, metadata.name));
      }
    };
    const invokers = onAny<BackupInvokerObject>(({ kind, metadata }) =>
      ofInvoker(kind, metadata.namespace, metadata.name),
    );
    return [
      world.verifiers.subscribe(onAny(({ metadata }) => add(objectKey(metadata.namespace, metadata.name)))),
      world.drills.subscribe(onAny(({ metadata, spec }) => add(objectKey(metadata.namespace, spec.verifier)))),
      world.sessions.subscribe(
        onAny(({ metadata, spec: { invoker } }) => {
          if (invoker !== undefined) ofInvoker(invoker.kind, metadata.namespace, invoker.name);
        }),
      ),
      world.configurations.subscribe(invokers),
      world.batches.subscribe(invokers),
    ];
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock, client } = this.#ports;
    const split = splitObjectKey(key);
    const verifier = world.verifiers.get(split.namespace, split.name);
    if (verifier === undefined || verifier.metadata.deletionTimestamp !== undefined) return undefined;
    const { namespace, name } = verifier.metadata;
    const { kind, name: invoker } = verifier.spec.invoker;
    const view: VerifierView = {
      verifier,
      hasInvoker: findInvokerObject(world, { kind, namespace, name: invoker }) !== undefined,
      drills: world.drills.byIndex("verifier", key),
      sessions: world.sessions.byIndex("invoker", `${kind}/${namespace}/${invoker}`),
    };
    const nowMs = clock.now();
    const { create, forget, status, dueAtMs } = decideVerifier(view, new Date(nowMs));
    // Its name follows from what it is for: a status that was not written makes no second one.
    if (create !== undefined) await this.#create(verifier, create, signal);
    for (const drill of forget) {
      await client.delete(KINDS.BackupVerificationSession, namespace, drill, {
        propagationPolicy: "Background",
        signal,
      });
    }
    const { resourceVersion } = verifier.metadata;
    const address = { resource: KINDS.BackupVerifier, namespace, name };
    const change = { before: verifier.status, after: status, resourceVersion };
    const outcome = await mergeStatus(client, address, change, asIs, { signal });
    if (outcome.kind === "refused") throw outcome.error;
    if (outcome.kind === "conflict") return { requeueAfterMs: BEHIND_MS };
    if (dueAtMs === undefined) return undefined;
    return { requeueAfterMs: Math.min(Math.max(0, dueAtMs - nowMs), LONGEST_SLEEP_MS) };
  }

  async #create({ metadata }: BackupVerifier, { name, spec }: NewDrill, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#ports;
    const { namespace, name: verifier, uid = "" } = metadata;
    const { apiVersion, kind } = KINDS.BackupVerifier;
    const drill = {
      apiVersion: KINDS.BackupVerificationSession.apiVersion,
      kind: KINDS.BackupVerificationSession.kind,
      metadata: {
        name,
        namespace,
        labels: { [Label.ManagedBy]: LabelValue.ManagedBy, [Label.Verifier]: labelValue(verifier) },
        ownerReferences: [{ apiVersion, kind, name: verifier, uid, controller: true }],
      },
      spec,
    };
    try {
      await client.create(KINDS.BackupVerificationSession, namespace, drill, asIs, { signal });
      log.info({ verifier: objectKey(namespace, verifier), drill: name, trigger: spec.trigger }, "drill made");
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
