/** Tells pods that wait in an init-container and get no turn whether they may start: their restore is over, has gone, or no longer names them. */
import { ReleaseMode } from "../../shared/api/closed-lists.ts";
import type { Clock } from "../../shared/clock.ts";
import { isAsGoodAsGone, isCleaningUp } from "../../shared/invoker/held-run.ts";
import { isDryRun } from "../../shared/invoker/object.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { mountsSharedOnly } from "../restore/shared-volumes.ts";
import type { RestoreObject } from "../restore/status.ts";
import { wholeRestoreStatus } from "../restore/whole-run.ts";
import { type HostRunWriter, writeHostRun } from "../run/sync-host-runs.ts";
import type { World } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import type { PodObject } from "../world/pod-object.ts";
import { decideRelease } from "./decide.ts";
import { isHold, releaseChange, releaseName } from "./host-run.ts";

export interface ReleaseControllerPorts {
  readonly world: Pick<World, "workloads" | "pods" | "restoreSessions" | "restoreBatches" | "hostRuns">;
  readonly client: HostRunWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createReleaseController(ports: ReleaseControllerPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "release",
      subject: "pod",
      failed: "pod not released; it is tried again",
      concurrency: 8,
      backoff: { baseMs: 100, maxMs: 10_000 },
      clock,
      log,
    },
    new ReleaseWork(ports),
  );
}

function isWaiting({ restoreInit, isTerminating, isEnded }: PodObject): boolean {
  return restoreInit?.isRunning === true && restoreInit.serves !== undefined && !isTerminating && !isEnded;
}

class ReleaseWork implements QueueWork {
  readonly #ports: ReleaseControllerPorts;
  /** By key of the pod: since when, by this process's own clock, its restore is gone. */
  readonly #goneSince = new Map<string, number>();

  constructor(ports: ReleaseControllerPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    const { world } = this.#ports;
    const onRestore = ({ kind, metadata }: RestoreObject): void => {
      const serves = `${kind}/${metadata.name}`;
      for (const pod of world.pods.list(metadata.namespace)) {
        if (isWaiting(pod) && pod.restoreInit?.serves === serves) add(keyOf(pod));
      }
    };
    return [
      world.pods.subscribe(
        onAny((pod) => {
          if (isWaiting(pod)) add(keyOf(pod));
        }),
      ),
      world.restoreSessions.subscribe(onAny(onRestore)),
      world.restoreBatches.subscribe(onAny(onRestore)),
    ];
  }

  forget(): void {
    this.#goneSince.clear();
  }

  #restoreOf({ namespace, restoreInit }: PodObject): RestoreObject | undefined {
    const { restoreSessions, restoreBatches } = this.#ports.world;
    const [kind, name = ""] = (restoreInit?.serves ?? "").split("/");
    const found = (kind === "RestoreBatch" ? restoreBatches : restoreSessions).get(namespace, name);
    // A dry run of the same name has brought nobody his data.
    return found === undefined || isAsGoodAsGone(found.metadata) || isDryRun(found) ? undefined : found;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, client, clock, log } = this.#ports;
    const { namespace = "", name } = splitObjectKey(key);
    const pod = world.pods.get(namespace, name);
    const known = pod && world.hostRuns.get(namespace, releaseName(pod));
    if (pod === undefined || !isWaiting(pod) || (known !== undefined && !isHold(known))) {
      this.#goneSince.delete(key);
      return undefined;
    }
    const restore = this.#restoreOf(pod);
    // What it owes comes first: it is looked at again when it is gone.
    if (restore !== undefined && isCleaningUp(restore.metadata)) return undefined;
    const nowMs = clock.monotonic();
    if (restore === undefined) this.#goneSince.set(key, this.#goneSince.get(key) ?? nowMs);
    else this.#goneSince.delete(key);
    const goneMs = nowMs - (this.#goneSince.get(key) ?? nowMs);
    const target = pod.restoreInit?.target ?? { kind: "", namespace, name: "" };
    const decision = decideRelease({
      pod,
      target,
      restore,
      whole: restore && wholeRestoreStatus(world, restore),
      isShared: isSharedByAll(world, pod),
      goneMs,
    });
    if (decision.kind === "wait") return { requeueAfterMs: decision.againInMs };
    const { mode, message } = decision;
    const release = { mode, message };
    if (known?.spec.release?.mode !== mode || known.spec.release.message !== message) {
      await writeHostRun(client, namespace, releaseChange(pod, restore, known, release), signal);
      log.info({ pod: key, mode, reason: message }, "pod told whether it may start");
    }
    if (mode !== ReleaseMode.Never) this.#goneSince.delete(key);
    return undefined;
  }
}

/** Whether all replicas have what this one restores. */
function isSharedByAll({ workloads }: ReleaseControllerPorts["world"], { restoreInit }: PodObject): boolean {
  const { target, mounts } = restoreInit ?? {};
  if (target?.kind !== "StatefulSet" || mounts === undefined) return false;
  const workload = workloads.StatefulSet.get(target.namespace, target.name);
  return workload !== undefined && mountsSharedOnly(workload.facts.podTemplate, mounts);
}

function keyOf({ namespace, name }: PodObject): string {
  return objectKey(namespace, name);
}
