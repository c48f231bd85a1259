/**
 * How many workloads are restarting for their sidecar at the same time: each rollout of ours makes an application slower, or a pod of it
 * unavailable, and an image that starts nowhere should be found out by a few. Kept by the leader alone; a new one begins anew.
 */
import { whyKept } from "../invoker/sidecar-condition.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

export interface RolloutSettings {
  /** Workloads at the same time. */
  readonly most: number;
  /** A rollout that takes longer keeps nobody waiting any more, milliseconds. */
  readonly limitMs: number;
}

export const DEFAULT_MAX_UNAVAILABLE = 10;

export class Rollouts {
  readonly #settings: RolloutSettings;
  /** When each began, milliseconds of the steady clock. */
  readonly #began = new Map<string, number>();
  /** In the order in which they came. */
  readonly #waiting = new Set<string>();
  /** Grows with each that ends well; one that ends badly brings it down to one. */
  #most: number;

  constructor(settings: RolloutSettings) {
    this.#settings = settings;
    this.#most = settings.most;
  }

  /** Whether the target may begin; where it may not, it is among those that wait. */
  tryToBegin(target: string, nowMs: number): boolean {
    for (const [other, beganMs] of this.#began)
      if (nowMs - beganMs >= this.#settings.limitMs) this.#began.delete(other);
    if (!this.#began.has(target) && this.#began.size >= this.#most) {
      this.#waiting.add(target);
      return false;
    }
    this.#began.set(target, nowMs);
    this.#waiting.delete(target);
    return true;
  }

  /** The target does not wait any more. */
  leave(target: string): void {
    this.#waiting.delete(target);
  }

  isRunning(target: string): boolean {
    return this.#began.has(target);
  }

  /** How many are restarting now. */
  get running(): number {
    return this.#began.size;
  }

  /**
   * The target's rollout is over, or there was none.
   *
   * @param outcome whether its pods became ready with the sidecar; undefined when nothing was rolled out
   * @returns targets that wait, as many as there is room for now
   */
  end(target: string, outcome?: "good" | "bad"): readonly string[] {
    this.#waiting.delete(target);
    const wasRunning = this.#began.delete(target);
    if (outcome === "bad") this.#most = 1;
    if (outcome === "good" && wasRunning) this.#most = Math.min(this.#most * 2, this.#settings.most);
    return [...this.#waiting].slice(0, Math.max(this.#most - this.#began.size, 0));
  }

  clear(): void {
    this.#began.clear();
    this.#waiting.clear();
    this.#most = this.#settings.most;
  }
}

/** Whether a workload's pods are those of its present template, and ready; also where its controller leaves them as they are. Pure. */
export function isRolledOut(workload: WorkloadObject): boolean {
  const { observedGeneration, generation, replicas, updatedReplicas, readyReplicas, existingReplicas } = workload;
  if (whyKept(workload) !== undefined) return true;
  if (observedGeneration < generation) return false;
  return updatedReplicas >= replicas && readyReplicas >= replicas && existingReplicas <= replicas;
}
