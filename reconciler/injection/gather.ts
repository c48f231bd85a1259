/** Reads what decides about the injection of one workload. */
import { Annotation } from "../../shared/contract.ts";
import { type Hold, podOrigin, readHold, WANTS_NOTHING, withoutHold } from "../../shared/injection/hold.ts";
import { askOfLeftOver, hasRestoreInit } from "../../shared/injection/left-over.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import { planInjection } from "../../shared/injection/plan.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { gatherInjection } from "../world/for-injection.ts";
import type { World } from "../world/informers.ts";
import { openRestores } from "../world/targets.ts";
import { ownPods, type WorkloadObject } from "../world/workload-object.ts";
import { isHeldByInit, type LeftOver } from "./left-over.ts";
import { isInjectionCurrent, type WantedInjection, wantedHash } from "./state.ts";
import { findTrouble, type Trouble } from "./trouble.ts";

export interface InjectionFacts {
  readonly workload: WorkloadObject;
  readonly hold: Hold | undefined;
  /** A hold taken into account. */
  readonly wanted: WantedInjection;
  /** What would be wanted if nothing held it. */
  readonly unheld: WantedInjection;
  readonly isCurrent: boolean;
  readonly isRestoring: boolean;
  readonly origin: string;
  /** Of a workload that carries what it should. */
  readonly trouble: Trouble | undefined;
  /** An init-container that nobody needs any more. */
  readonly leftOver: LeftOver | undefined;
}

/** @param nowMs milliseconds since the epoch */
export function gatherInjectionFacts(
  world: World,
  workload: WorkloadObject,
  settings: InjectionSettings,
  nowMs: number,
): InjectionFacts {
  const { facts } = workload;
  const hold = readHold(facts.annotations);
  const wanted = wantedFor(world, facts, settings);
  const unheld = hold === undefined ? wanted : wantedFor(world, withoutHold(facts), settings);
  const isCurrent = isInjectionCurrent(facts, wanted);
  const hasSidecar = isCurrent && wantedHash(wanted) !== WANTS_NOTHING;
  return {
    workload,
    hold,
    wanted,
    unheld,
    isCurrent,
    isRestoring: [...openRestores(world, [facts]).values()].some(({ status }) => status?.phase === "Running"),
    origin: originOf(facts, unheld, settings.resources),
    trouble: hasSidecar ? findTroubleOf(world, workload, wanted, nowMs) : undefined,
    leftOver: wanted.isOptedOut ? undefined : findLeftOver(world, workload, settings),
  };
}

function findLeftOver(world: World, workload: WorkloadObject, settings: InjectionSettings): LeftOver | undefined {
  const { facts } = workload;
  // Most templates have none, and a view takes time.
  if (!hasRestoreInit(facts.podTemplate)) return undefined;
  const ask = askOfLeftOver(gatherInjection(world, facts, settings));
  if (ask === undefined) return undefined;
  const isHeld = ownPods(workload, world.pods.list(facts.namespace)).some(isHeldByInit);
  const sessions = world.sessions.byIndex("target", targetKey(facts));
  const isBusy = sessions.some(({ status }) => !isFinalSessionPhase(status?.phase));
  return { ask, reason: isHeld ? "PodHeld" : isBusy ? "SessionRunning" : undefined };
}

/** What the workload should carry, a hold on it taken into account. */
export function wantedFor(world: World, facts: WorkloadFacts, settings: InjectionSettings): WantedInjection {
  const view = gatherInjection(world, facts, settings);
  return { plan: planInjection(view), isOptedOut: isOptedOut(view), image: view.settings.image };
}

/** What keeps the workload's pods from being made or ready, as far as it may be the sidecar. */
export function findTroubleOf(
  world: Pick<World, "pods">,
  workload: WorkloadObject,
  { plan }: WantedInjection,
  nowMs: number,
): Trouble | undefined {
  const pods = ownPods(workload, world.pods.list(workload.facts.namespace));
  return findTrouble({ workload, pods, hash: plan.backup?.hash }, nowMs);
}

/** Image and default resources are no part of a hash, and may be the very reason of a refusal. */
function originOf(facts: WorkloadFacts, unheld: WantedInjection, resources: InjectionSettings["resources"]): string {
  const asked = facts.annotations[Annotation.Resources];
  return podOrigin(facts.podTemplate, {
    hash: wantedHash(unheld),
    image: unheld.image,
    ...(resources !== undefined && { resources: resources.sidecar }),
    ...(asked !== undefined && { asked }),
  });
}
