/** The host runs of a session or restore, from the informer. */
import type { HostRuns } from "../run/host-runs.ts";
import type { World } from "./informers.ts";

/** Host runs of the run, by name. Those that name it from another namespace are none of its own. */
export function hostRunsOf(world: Pick<World, "hostRuns">, namespace: string, uid: string): HostRuns {
  const own = world.hostRuns.byIndex("run", uid).filter(({ metadata }) => metadata.namespace === namespace);
  return new Map(own.map((run) => [run.metadata.name, run]));
}
