/** How many workloads roll out at the same time because they were sent through admission: an edit of a shared Repository can mean thousands. Pure. */
import { textAt } from "../../shared/kube/json-value.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

/** A rollout that has not ended by then is stuck, and keeps nobody else waiting. */
const STUCK_AFTER_MS = 5 * 60_000;
export const WAIT_MS = 2_000;

/** Whether the workload's controller is replacing pods that serve somebody. */
export function isRolling(workload: WorkloadObject): boolean {
  const { generation, observedGeneration, replicas, updatedReplicas, readyReplicas } = workload;
  // Nothing happens to the pods of these by a change of the template alone.
  if (replicas === 0 || workload.isPaused || textAt(workload.strategy, "type") === "OnDelete") return false;
  return observedGeneration < generation || updatedReplicas < replicas || readyReplicas < replicas;
}

/** Rollouts that this process caused and that have not ended. */
export class Rollouts {
  readonly #most: number;
  readonly #begun = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  begin(target: string, nowMs: number): void {
    this.#begun.set(target, nowMs);
  }

  clear(): void {
    this.#begun.clear();
  }

  /**
   * Whether one more may begin.
   *
   * @param find the workload as it is now; undefined when it is gone
   */
  hasRoom(find: (target: string) => WorkloadObject | undefined, nowMs: number): boolean {
    if (this.#begun.size < this.#most) return true;
    for (const [target, atMs] of this.#begun) {
      const workload = find(target);
      if (workload === undefined || !isRolling(workload) || nowMs - atMs >= STUCK_AFTER_MS) this.#begun.delete(target);
    }
    return this.#begun.size < this.#most;
  }
}
