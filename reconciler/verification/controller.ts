/** Drills: recovery points are restored beside the application, looked at, and thrown away. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { splitObjectKey } from "../../shared/kube/object-meta.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import type { Limits } from "../run/world.ts";
import { clusterIdOf, type World } from "../world/informers.ts";
import { actOnDrill, type DrillActPorts } from "./act.ts";
import { cleanUp } from "./clean-up.ts";
import { decideDrill } from "./decide.ts";
import type { EvidenceSource } from "./evidence.ts";
import { gatherDrill } from "./gather.ts";
import { type DrillStatus, isFinalDrill } from "./status.ts";
import { drillAccountName } from "./verify-job.ts";
import { wakeDrills } from "./wake.ts";

export interface DrillPorts {
  readonly world: World;
  readonly client: DrillActPorts["client"] & Pick<KubeClient, "list">;
  readonly events: Pick<EventRecorder, "record">;
  readonly settings: InjectionSettings;
  readonly limits: Pick<Limits, "podWaitMs">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly evidence: EvidenceSource;
}

interface Try {
  readonly problem: JobProblem | undefined;
  readonly atMs: number;
}

export function createDrillController(ports: DrillPorts): Controller {
  const { clock, log } = ports;
  const failed = "drill not looked after; it is tried again";
  return createQueueController(
    { name: "drill", subject: "drill", failed, concurrency: 4, clock, log },
    new DrillWork(ports),
  );
}

class DrillWork implements QueueWork {
  readonly #ports: DrillPorts;
  /** By uid and step of a drill: how it went to make what that needs. Lost with the process: then it is tried again. */
  readonly #tries = new Map<string, Try>();
  /** By uid of a job: since when it is known to be complete, by the monotonic clock. */
  readonly #completeSince = new Map<string, number>();
  /** uids of drills that had ended before this process looked, and of which nothing is left. */
  readonly #swept = new Set<string>();

  constructor(ports: DrillPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    return wakeDrills(this.#ports.world, add);
  }

  forget(): void {
    this.#tries.clear();
    this.#completeSince.clear();
    this.#swept.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, clock, log } = this.#ports;
    const { namespace, name } = splitObjectKey(key);
    const drill = world.drills.get(namespace, name);
    if (drill === undefined) return undefined;
    const swept = await this.#sweep(drill, signal);
    if (swept !== undefined) return swept;
    const tryKey = `${drill.metadata.uid} ${drill.status?.step ?? ""}`;
    const known = this.#tries.get(tryKey);
    const monotonicMs = clock.monotonic();
    const view = gatherDrill(world, drill, {
      problem: known?.problem,
      sinceTryMs: known && monotonicMs - known.atMs,
      podWaitMs: this.#ports.limits.podWaitMs,
      completeForMs: (uid) => {
        const sinceMs = this.#completeSince.get(uid) ?? monotonicMs;
        this.#completeSince.set(uid, sinceMs);
        return monotonicMs - sinceMs;
      },
    });
    const now = new Date(clock.now());
    const decision = decideDrill(view, now);
    if (decision.kind === "wait") {
      log.debug({ drill: key, reason: decision.why }, "drill waits");
      return { requeueAfterMs: decision.requeueAfterMs };
    }
    const acted = await actOnDrill({ ...this.#ports, cluster: clusterIdOf(world), signal, now }, view, decision);
    if (decision.kind.startsWith("make-")) {
      this.#tries.set(tryKey, { problem: acted.problem, atMs: monotonicMs });
      if (acted.problem !== undefined) {
        log.warn({ drill: key, code: acted.problem.code, error: acted.problem.message }, "drill can't go on yet");
      }
    }
    if (acted.written !== undefined) this.#tell(drill, acted.written);
    return acted.againMs === undefined ? undefined : { requeueAfterMs: acted.againMs };
  }

  /** Once a process: who led before may have made something after the drill was seen to be clean. */
  async #sweep(drill: BackupVerificationSession, signal: AbortSignal): Promise<RunResult | undefined> {
    const uid = drill.metadata.uid ?? "";
    if (!isFinalDrill(drill) || drill.metadata.deletionTimestamp !== undefined) return undefined;
    if (this.#swept.has(uid)) return undefined;
    const left = await cleanUp(this.#ports.client, drill, drillAccountName(drill), signal);
    if (left.length > 0) return { requeueAfterMs: 1_000 };
    this.#swept.add(uid);
    return undefined;
  }

  #tell({ metadata, status: before }: BackupVerificationSession, after: DrillStatus): void {
    for (const step of ["", before?.step ?? ""]) this.#tries.delete(`${metadata.uid} ${step}`);
    if (before?.phase === after.phase) return;
    const { apiVersion, kind } = KINDS.BackupVerificationSession;
    const { namespace, name, uid } = metadata;
    const subject = { apiVersion, kind, namespace, name, uid };
    const words = after.reason === undefined ? (after.message ?? "") : `${after.reason}: ${after.message ?? ""}`;
    if (after.phase === "Failed") this.#ports.events.record(subject, "Warning", "Recovery Not Proven", words);
    if (after.phase === "Skipped") this.#ports.events.record(subject, "Normal", "Drill Skipped", words);
    if (after.phase === "Succeeded") this.#ports.events.record(subject, "Normal", "Recovery Proven", words);
  }
}
