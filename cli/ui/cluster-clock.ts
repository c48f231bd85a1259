/** How far this machine's clock is from the cluster's: ages are of times that the cluster wrote. */

export interface ClusterClock {
  /** @param timeMs what an answer of the API server says that it is */
  hear(timeMs: number): void;
  /** To be added to this machine's time; 0 while nothing else is known. */
  skewMs(): number;
}

/** Answers name whole seconds and take time to come: less is no difference. */
const LEAST_SKEW_MS = 5_000;

/** @param now this machine's clock */
export function createClusterClock(now: () => number): ClusterClock {
  let skewMs = 0;
  return {
    hear(timeMs) {
      const foundMs = timeMs - now();
      skewMs = Math.abs(foundMs) < LEAST_SKEW_MS ? 0 : foundMs;
    },
    skewMs: () => skewMs,
  };
}
