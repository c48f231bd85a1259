/** Drills: recovery points are restored beside the application, looked at, and thrown away. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { splitObjectKey } from "../../shared/kube/object-meta.ts";
import { type RunResult, WorkQueue } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import type { JobProblem } from "../jobs/of-target.ts";
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

const CONCURRENCY = 4;
const DRAIN_MS = 5_000;

export function createDrillController(ports: DrillPorts): Controller {
  return new DrillController(ports);
}

class DrillController implements Controller {
  readonly name = "drill";
  readonly #ports: DrillPorts;
  readonly #queue: WorkQueue;
  /** By uid and step of a drill: how it went to make what that needs. Lost with the process: then it is tried again. */
  readonly #tries = new Map<string, Try>();
  /** By uid of a job: since when it is known to be complete, by the monotonic clock. */
  readonly #completeSince = new Map<string, number>();
  /** uids of drills that had ended before this process looked, and of which nothing is left. */
  readonly #swept = new Set<string>();
  #unsubscribe: readonly (() => void)[] = [];

  constructor(ports: DrillPorts) {
    this.#ports = ports;
    this.#queue = new WorkQueue({
      run: (key, signal) => this.#reconcile(key, signal),
      onError: (drill, error, failures) => {
        ports.log.warn({ drill, failures, error: messageOf(error) }, "drill not looked after; it is tried again");
      },
      concurrency: CONCURRENCY,
      clock: ports.clock,
    });
  }

  async start(): Promise<void> {
    this.#unsubscribe = wakeDrills(this.#ports.world, (key) => this.#queue.add(key));
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#queue.stop(DRAIN_MS);
    this.#tries.clear();
    this.#completeSince.clear();
    this.#swept.clear();
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
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
