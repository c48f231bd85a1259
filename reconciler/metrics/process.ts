/** Numbers for Prometheus about the process and its caches. */
import { Gauge, Histogram, type Registry } from "prom-client";
import type { DefinitionWatch } from "../../shared/definitions/watch.ts";
import { informersOf, type World } from "../world/informers.ts";

export interface ProcessMetricsPorts {
  readonly registry: Registry;
  readonly world: World;
  readonly isLeader: () => boolean;
  readonly definitions: Pick<DefinitionWatch, "faults">;
}

export function registerProcessMetrics({ registry, world, isLeader, definitions }: ProcessMetricsPorts): void {
  const ofResources = { labelNames: ["resource"], registers: [registry] };
  new Gauge({
    name: "stash_batch_leader",
    help: "1 while this process holds the lease",
    registers: [registry],
    collect() {
      this.set(isLeader() ? 1 : 0);
    },
  });
  new Gauge({
    name: "stash_batch_definition_wrong",
    help: "1 for each definition that is missing, or drops fields of this version",
    labelNames: ["definition"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name } of definitions.faults()) this.set({ definition: name }, 1);
    },
  });
  new Gauge({
    name: "stash_batch_cached_objects",
    help: "objects held in memory, by resource",
    ...ofResources,
    collect() {
      for (const [resource, informer] of informersOf(world)) this.set({ resource }, informer.size());
    },
  });
  new Gauge({
    name: "stash_batch_unreadable_objects",
    help: "objects whose newest version can't be read, by resource",
    ...ofResources,
    collect() {
      for (const [resource, informer] of informersOf(world)) this.set({ resource }, informer.unreadable().size);
    },
  });
  new Gauge({
    name: "stash_batch_cache_age_seconds",
    help: "time since the API server was last heard of, by resource",
    ...ofResources,
    collect() {
      for (const [resource, informer] of informersOf(world)) this.set({ resource }, informer.healthy().ageMs / 1_000);
    },
  });
}

/** How late scheduled sessions start. */
export function registerLateness(registry: Registry): (lateMs: number) => void {
  const late = new Histogram({
    name: "stash_batch_session_start_late_seconds",
    help: "time from a session's due time to its creation",
    buckets: [0.1, 0.5, 1, 2, 5, 30, 300, 3_600],
    registers: [registry],
  });
  return (lateMs) => late.observe(Math.max(0, lateMs) / 1_000);
}
