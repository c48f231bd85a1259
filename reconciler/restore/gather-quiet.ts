/** Reads what the gate before a host's turn goes by, from informers and memory. */
import { textAt } from "../../shared/json/value.ts";
import type { World } from "../world/informers.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import type { StuckRollout } from "./old-pods.ts";
import type { QuietFacts } from "./view.ts";

export interface QuietPorts extends Pick<QuietFacts, "seen" | "monotonicMs"> {
  readonly world: Pick<World, "hostRuns">;
}

/**
 * @param namespace of the restore
 * @param uid of it
 */
export function gatherQuiet({ world, seen, monotonicMs }: QuietPorts, namespace: string, uid: string): QuietFacts {
  return { seen, monotonicMs, atWork: podsAtWork(world, namespace, uid) };
}

/** Pods to which other restores of the namespace gave their turn. */
function podsAtWork(world: Pick<World, "hostRuns">, namespace: string, ownUid: string): ReadonlySet<string> {
  const others = world.hostRuns.list(namespace).filter(({ spec, status }) => {
    const isOver = status?.phase === "Succeeded" || status?.phase === "Failed";
    return spec.work === "Restore" && spec.release === undefined && spec.run.uid !== ownUid && !isOver;
  });
  return new Set(others.flatMap(({ spec }) => spec.pod.uid ?? []));
}

/** Whether a workload's controller waits for somebody before it replaces pods. */
export function stuckRollout({ isPaused, strategy }: WorkloadObject): StuckRollout | undefined {
  if (isPaused) return "Paused";
  return textAt(strategy, "type") === "OnDelete" ? "OnDelete" : undefined;
}
