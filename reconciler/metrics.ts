/** Numbers for Prometheus, read from the caches when they are asked for. */
import { Gauge, type Registry } from "prom-client";
import type { Clock } from "../shared/kube/clock.ts";
import { informersOf, type World } from "./world/world.ts";

export interface MetricsPorts {
  readonly registry: Registry;
  readonly world: World;
  readonly clock: Clock;
  readonly isLeader: () => boolean;
}

export function registerMetrics({ registry, world, isLeader }: MetricsPorts): void {
  new Gauge({
    name: "stash_batch_leader",
    help: "1 while this process holds the lease",
    registers: [registry],
    collect() {
      this.set(isLeader() ? 1 : 0);
    },
  });
  new Gauge({
    name: "stash_batch_cached_objects",
    help: "objects held in memory, by resource",
    labelNames: ["resource"],
    registers: [registry],
    collect() {
      for (const [resource, informer] of informersOf(world)) this.set({ resource }, informer.size());
    },
  });
}
