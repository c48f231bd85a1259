/** Numbers of work queues, by controller. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { WorkQueueObserver } from "../../shared/kube/work-queue.ts";

export type QueueObservers = (queue: string) => WorkQueueObserver;

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/** Registers the metrics; the returned function makes the observer of one queue. */
export function registerQueueMetrics(registry: Registry): QueueObservers {
  const shared = { labelNames: ["queue"], registers: [registry] };
  const waiting = new Gauge({ name: "stash_batch_queue_waiting", help: "keys in the line", ...shared });
  const running = new Gauge({ name: "stash_batch_queue_running", help: "keys being worked on", ...shared });
  const waited = new Histogram({
    name: "stash_batch_queue_wait_seconds",
    help: "time that keys spent in the line",
    buckets: SECONDS,
    ...shared,
  });
  const ran = new Histogram({
    name: "stash_batch_queue_run_seconds",
    help: "time that the work of a key took",
    buckets: SECONDS,
    ...shared,
  });
  const retries = new Counter({ name: "stash_batch_queue_retries_total", help: "keys that failed", ...shared });
  return (queue) => ({
    onAdd: () => waiting.inc({ queue }),
    onRetry: () => retries.inc({ queue }),
    onStart(_key, waitedMs) {
      waiting.dec({ queue });
      running.inc({ queue });
      waited.observe({ queue }, waitedMs / 1_000);
    },
    onEnd(_key, ranMs) {
      running.dec({ queue });
      ran.observe({ queue }, ranMs / 1_000);
    },
  });
}
