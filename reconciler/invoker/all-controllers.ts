/** The controllers around invokers: their conditions, the injection of their targets, and the rights of their agents. */
import type { Clock } from "../../shared/clock.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { createInjectionController } from "../injection/controller.ts";
import type { LastingLeftOver } from "../injection/left-over.ts";
import type { InjectionRecord } from "../injection/record.ts";
import type { Refusal } from "../injection/refusal.ts";
import { DEFAULT_MAX_UNAVAILABLE, Rollouts } from "../injection/rollouts.ts";
import { TargetMemory } from "../injection/target-memory.ts";
import type { LastingTrouble, TroubleLimits } from "../injection/trouble.ts";
import { createRightsController } from "../rights/controller.ts";
import { createCronJobTrigger, createInProcessTrigger } from "../schedule/ensure-trigger.ts";
import type { World } from "../world/informers.ts";
import { createInvokerController } from "./controller.ts";
import { Lookups } from "./lookups.ts";

export interface InvokerControllersPorts {
  readonly world: World;
  readonly client: KubeClient;
  readonly settings: InjectionSettings;
  /** Whether CronJobs trigger the sessions instead of the reconciler. */
  readonly usesCronJobs: boolean;
  readonly troubleLimits: TroubleLimits;
  /** Workloads that restart for their sidecar at the same time; 10 when undefined. */
  readonly maxUnavailableWorkloads?: number;
  /** Only this namespace; all when undefined. */
  readonly namespace: string | undefined;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createInvokerControllers(ports: InvokerControllersPorts): readonly Controller[] {
  const { client, clock, namespace } = ports;
  const memories = {
    records: new TargetMemory<InjectionRecord>(),
    refusals: new TargetMemory<Refusal>(),
    troubles: new TargetMemory<LastingTrouble>(),
    leftOvers: new TargetMemory<LastingLeftOver>(),
    told: new TargetMemory<string>(),
    queued: new TargetMemory<number>(),
    rollouts: new Rollouts({
      most: ports.maxUnavailableWorkloads ?? DEFAULT_MAX_UNAVAILABLE,
      limitMs: ports.troubleLimits.notReadyMs,
    }),
  };
  const triggerPorts = { ...ports, discovery: createDiscovery(client, clock) };
  const trigger = ports.usesCronJobs
    ? createCronJobTrigger(triggerPorts)
    : createInProcessTrigger(triggerPorts, namespace);
  return [
    createRightsController(ports),
    createInjectionController({ ...ports, ...memories, limits: ports.troubleLimits }),
    createInvokerController({ ...ports, ...memories, trigger, lookups: new Lookups(client, clock) }),
  ];
}
