/** How often hosts say that they live: rarer the more there are, so that a large run costs the API server no more. Pure. */
import { type RunStatus, runTargets } from "./facts.ts";

/** First row whose number of hosts is not exceeded. */
const STEPS: readonly (readonly [hosts: number, seconds: number])[] = [
  [20, 10],
  [100, 30],
];
const LONGEST_SECONDS = 60;

/** Grows as targets start and never shrinks, so that no host is judged by a shorter measure than it was told. */
export function heartbeatSeconds(status: RunStatus): number {
  const hosts = runTargets(status).reduce((sum, { totalHosts = 0 }) => sum + totalHosts, 0);
  return STEPS.find(([most]) => hosts <= most)?.[1] ?? LONGEST_SECONDS;
}

/** How much longer than with the usual heartbeats silence means nothing. */
export function staleFactor(status: RunStatus): number {
  return heartbeatSeconds(status) / (STEPS[0]?.[1] ?? 1);
}
