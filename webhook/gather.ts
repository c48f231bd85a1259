/** Reads what a decision needs, from memory alone: no call, no clock, no disk. */
import { gatherInjectionView, type InjectionWorld } from "../shared/injection/gather.ts";
import type { InjectionSettings } from "../shared/injection/view.ts";
import type { GatherMutation } from "./mutate.ts";

export interface GatherPorts {
  readonly world: InjectionWorld;
  readonly settings: InjectionSettings;
  readonly isSynced: () => boolean;
}

/** Makes the reading side of `/mutate`. */
export function createGather({ world, settings, isSynced }: GatherPorts): GatherMutation {
  return (workload, change) => ({
    ...gatherInjectionView(world, workload, settings),
    ...change,
    isSynced: isSynced(),
  });
}
