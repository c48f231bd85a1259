/** Where a command of a member's hook runs. Pure. */
import type { Handler } from "../../shared/api/hooks.ts";
import type { HookPlace } from "../hooks/plan.ts";
import type { PodFact } from "./world.ts";

/**
 * The container that the hook names, else the pod's main one. What a job works on is behind an AppBinding: which pod that is
 * gets known when the hook runs.
 */
export function execPlace(pod: PodFact, handler: Handler): HookPlace {
  return {
    namespace: pod.namespace,
    pod: pod.name,
    podIp: pod.podIp,
    container: handler.containerName || (pod.behindApp === undefined ? pod.containers[0] : undefined),
    ...(pod.behindApp !== undefined && { behindApp: pod.behindApp }),
  };
}
