/** What the webhook counts. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Reasons } from "./decide.ts";

export interface WebhookMetrics {
  /** @param path `/mutate` or `/validate` */
  countReview(path: string, isAllowed: boolean, seconds: number): void;
  countReasons(reasons: Reasons): void;
  countInformerProblem(kind: string): void;
  /** When the certificates end, in milliseconds since the epoch; only the replica that keeps them knows. */
  setExpiry(at: { readonly caMs: number | undefined; readonly servingMs: number | undefined }): void;
  /** Prometheus text. */
  format(): Promise<string>;
  readonly contentType: string;
}

/** Reviews take fractions of a millisecond; the timeout is 3 s. */
const SECONDS_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 3];

/**
 * Makes the metrics in a registry of their own.
 *
 * @param ageMs age of the oldest cache
 */
export function createMetrics(ageMs: () => number): WebhookMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const reviews = new Histogram({
    name: "stash_batch_webhook_review_duration_seconds",
    help: "Time from the whole body to the answer, by path and outcome.",
    labelNames: ["path", "allowed"],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const decided = { backup: new Map<string, number>(), restore: new Map<string, number>() };
  new Counter({
    name: "stash_batch_webhook_decisions_total",
    help: "Decisions on workloads, by what they were about and their reason.",
    labelNames: ["part", "reason"],
    registers,
    // Counted beside it: finding a series by its labels, at every review, costs more than the decision on most.
    collect() {
      this.reset();
      for (const [part, counts] of Object.entries(decided)) {
        for (const [reason, count] of counts) this.inc({ part, reason }, count);
      }
    },
  });
  const problems = new Counter({
    name: "stash_batch_webhook_informer_problems_total",
    help: "Faults, stale caches and unreadable objects of the informers, by kind.",
    labelNames: ["kind"],
    registers,
  });
  new Gauge({
    name: "stash_batch_webhook_cache_age_seconds",
    help: "Time since the informer that heard least of the API server last did.",
    registers,
    collect() {
      this.set(ageMs() / 1_000);
    },
  });
  // One lookup a review: finding a series by its labels costs more than counting in it.
  const reviewsOf = remember((key) => reviews.labels(...splitTwo(key)));
  const expiry = new Gauge({
    name: "stash_batch_webhook_certificate_expiry_timestamp_seconds",
    help: "When the authority and the serving certificate end; in the replica that keeps them.",
    labelNames: ["certificate"],
    registers,
  });
  return {
    setExpiry: ({ caMs, servingMs }) => {
      if (caMs !== undefined) expiry.set({ certificate: "ca" }, caMs / 1_000);
      if (servingMs !== undefined) expiry.set({ certificate: "serving" }, servingMs / 1_000);
    },
    countReview: (path, isAllowed, seconds) => reviewsOf(`${path} ${isAllowed}`).observe(seconds),
    countReasons: ({ backup, restore }) => {
      count(decided.backup, backup);
      if (restore !== undefined) count(decided.restore, restore);
    },
    countInformerProblem: (kind) => problems.inc({ kind }),
    format: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function remember<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key) ?? make(key);
    known.set(key, found);
    return found;
  };
}

function splitTwo(key: string): [string, string] {
  const [first = "", second = ""] = key.split(" ");
  return [first, second];
}
