/**
 * Ends pods that a sidecar holds up although it is gone from their template. A StatefulSet's controller replaces no pod that never got
 * ready, and waits for it for ever; controllers of other kinds do it themselves.
 */
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace } from "../authority.ts";
import type { World } from "../world/informers.ts";
import type { PodObject } from "../world/pod-object.ts";
import { ownPods, type WorkloadObject } from "../world/workload-object.ts";
import type { InjectionFacts } from "./gather.ts";

/** Pods of a workload that is held, and whose template carries no sidecar any more. Pure. */
export function findStuck(
  { workload, hold, isCurrent }: Pick<InjectionFacts, "workload" | "hold" | "isCurrent">,
  pods: readonly PodObject[],
): readonly PodObject[] {
  const isTakenOut = hold !== undefined && isCurrent && workload.facts.kind === "StatefulSet";
  if (!isTakenOut || workload.facts.isBeingDeleted) return [];
  return pods.filter(({ holdup, isReady, isTerminating }) => holdup !== undefined && !isReady && !isTerminating);
}

/** @throws KubeError */
export async function releaseStuck(
  ports: {
    readonly world: Pick<World, "pods">;
    readonly client: Pick<KubeClient, "create" | "delete" | "find" | "patch">;
    readonly log: Logger;
  },
  facts: InjectionFacts,
  signal: AbortSignal,
): Promise<void> {
  const { workload } = facts;
  const { namespace } = workload.facts;
  const stuck = findStuck(facts, stuckCandidates(ports.world, workload, facts));
  for (const { name, uid } of stuck) {
    await inNamespace(ports.client, namespace).delete(PODS, name, { uid, signal });
    ports.log.warn(
      { pod: `${namespace}/${name}` },
      "pod that the sidecar held up is ended, since its controller waits for it",
    );
  }
}

/** Most workloads are not held, and need no look at their pods. */
function stuckCandidates(
  world: Pick<World, "pods">,
  workload: WorkloadObject,
  { hold }: InjectionFacts,
): readonly PodObject[] {
  return hold === undefined ? [] : ownPods(workload, world.pods.list(workload.facts.namespace));
}
