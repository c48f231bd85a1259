/** All controllers of the reconciler, made from the ports that main.ts built. */
import type { Registry } from "prom-client";
import type { Clock } from "../shared/clock.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import type { EventRecorder } from "../shared/kube/events/recorder.ts";
import type { Logger } from "../shared/log.ts";
import { SESSION_KIND } from "./backup-session/kind.ts";
import { createBlueprintController } from "./blueprint/controller.ts";
import type { ReconcilerConfig } from "./config.ts";
import type { Controller } from "./controller.ts";
import { createHealthController } from "./health/controller.ts";
import type { HookRunner } from "./hooks/runner.ts";
import { createInstallationController } from "./installation/controller.ts";
import { createInvokerControllers } from "./invoker/all-controllers.ts";
import { JobMaker } from "./jobs/maker.ts";
import { createMaintenanceController } from "./maintenance/controller.ts";
import type { Deletions } from "./maintenance/deletions.ts";
import type { QueueObservers } from "./metrics/queues.ts";
import { createReleaseController } from "./release/controller.ts";
import { createRepositoryController } from "./repository/controller.ts";
import { RESTORE_KIND } from "./restore/kind.ts";
import { createRunController } from "./run/controller.ts";
import { createScheduleController } from "./schedule/controller.ts";
import { createStrategyController } from "./strategy/controller.ts";
import { createDrillController } from "./verification/controller.ts";
import type { EvidenceSource } from "./verification/evidence.ts";
import { createVerifierController } from "./verification/verifier-controller.ts";
import { scheduleWorld } from "./world/for-schedule.ts";
import type { World } from "./world/informers.ts";

export interface Ports {
  readonly config: ReconcilerConfig;
  readonly client: KubeClient;
  readonly world: World;
  readonly events: EventRecorder;
  /** Undefined where no Snapshot API is served. */
  readonly deletions: Deletions | undefined;
  readonly hooks: HookRunner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly queues: QueueObservers;
  /** Told how late a scheduled session was created, in milliseconds. */
  readonly onLate: (lateMs: number) => void;
  readonly evidence: EvidenceSource;
}

export function createControllers(ports: Ports): readonly Controller[] {
  const { config, client, world, events, hooks, clock, log, queues, onLate } = ports;
  const jobs = new JobMaker({ client, settings: config.settings, log });
  const shared = { world, client, hooks, jobs, events, clock, log, limits: config.limits };
  const usesCronJobs = config.trigger === "cronjob";
  return [
    ...createInvokerControllers({
      ...ports,
      settings: config.settings,
      namespace: config.watchNamespace,
      usesCronJobs,
      troubleLimits: config.troubleLimits,
      ...(config.maxUnavailableWorkloads !== undefined && {
        maxUnavailableWorkloads: config.maxUnavailableWorkloads,
      }),
    }),
    createBlueprintController(ports),
    createRepositoryController(ports),
    createMaintenanceController({
      ...ports,
      settings: config.settings,
      limits: config.limits,
      ownNamespace: config.leaseNamespace,
    }),
    createDrillController({ ...ports, settings: config.settings, limits: config.limits }),
    createVerifierController(ports),
    createScheduleController({
      world: scheduleWorld(world),
      client,
      clock,
      log,
      startsSessions: !usesCronJobs,
      observer: { onStarted: (_invoker, _dueAtMs, lateMs) => onLate(lateMs) },
    }),
    createRunController(SESSION_KIND, { ...shared, observer: queues("backup-session") }),
    createRunController(RESTORE_KIND, { ...shared, observer: queues("restore") }),
    createReleaseController({ world, client, clock, log }),
    createStrategyController({ world, client, settings: config.settings, clock, log }),
    createHealthController(ports),
    ...(config.completesInstallation
      ? [
          createInstallationController({
            client,
            clock,
            log,
            namespace: config.leaseNamespace,
            isClusterWide: config.watchNamespace === undefined,
          }),
        ]
      : []),
  ];
}
