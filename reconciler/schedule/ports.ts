/** What the schedule reads and tells; reconciler/main.ts gives the real ones. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Logger } from "../../shared/log.ts";
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";
import type { InvokerId } from "../invoker-key.ts";

export type BackupInvoker = BackupConfiguration | BackupBatch;

/** The cluster as the informers know it. */
export interface ScheduleWorld {
  findInvoker(id: InvokerId): BackupInvoker | undefined;
  /** Tells of all invokers that are there, then of each change. @returns ends it */
  subscribeInvokers(handler: ChangeHandler<BackupInvoker>): () => void;
  /** Sessions of an invoker, in any order. */
  sessionsOf(id: InvokerId): readonly BackupSession[];
  /** `RestoreBatch demo/back`: a restore that names one of the targets and has not ended. */
  findRestore(targets: readonly ResolvedTargetRef[]): string | undefined;
  /** Calls back when a restore appeared, ended or went away. @returns ends it */
  subscribeRestores(onChange: () => void): () => void;
}

/** Numbers for metrics. */
export interface ScheduleObserver {
  /** @param lateMs from the due time to the API server's answer */
  readonly onStarted?: (id: InvokerId, dueAtMs: number, lateMs: number) => void;
  readonly onMissed?: (id: InvokerId, runs: number) => void;
}

export interface SchedulePorts {
  readonly world: ScheduleWorld;
  readonly client: Pick<KubeClient, "create" | "get" | "patchStatus">;
  readonly clock: Clock;
  readonly log: Logger;
  /** False where CronJobs trigger the sessions: due times are only announced. */
  readonly startsSessions: boolean;
  readonly observer?: ScheduleObserver;
  /** Sessions that are created at the same time. */
  readonly concurrency?: number;
}
