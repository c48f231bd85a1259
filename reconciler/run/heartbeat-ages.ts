/** For how long the entries of hosts that have their turn have stayed the same, by this process's own clock. */
import { canonicalJson } from "../../shared/hash.ts";
import { isAssigned, isOpenHost } from "./entries.ts";
import { hostKey, type RunStatus, runHosts, runTargets } from "./facts.ts";
import type { Pods } from "./world.ts";

interface Heartbeat {
  readonly entry: string;
  readonly sinceMs: number;
}

export type Heartbeats = ReadonlyMap<string, Heartbeat>;

export const NO_HEARTBEATS: Heartbeats = new Map();

/**
 * What is known after a look at the status. The clocks of agents are not asked: they may be an hour off. While no program of ours
 * runs in a pod nobody is silent: the time of another's program does not count, not even when ours comes after it.
 *
 * @param known what was known after the look before
 */
export function nextHeartbeats(known: Heartbeats, status: RunStatus, pods: Pods, monotonicMs: number): Heartbeats {
  const next = new Map<string, Heartbeat>();
  for (const [targetIndex, target] of runTargets(status).entries()) {
    for (const [hostIndex, host] of runHosts(target).entries()) {
      if (!isOpenHost(host) || !isAssigned(host)) continue;
      const key = hostKey(targetIndex, hostIndex);
      // The order of fields is no sign of life: it depends on where the entry was kept.
      const entry = canonicalJson(host);
      const before = known.get(key);
      const pod = pods.get(host.podUID ?? "");
      // A pod on its way out that should be gone by now may be nobody's any more.
      const isMute = pod?.isMute === true && !pod.isTerminating;
      next.set(key, before?.entry === entry && !isMute ? before : { entry, sinceMs: monotonicMs });
    }
  }
  return next;
}

/** By hostKey(), in milliseconds. */
export function heartbeatAges(heartbeats: Heartbeats, monotonicMs: number): ReadonlyMap<string, number> {
  return new Map([...heartbeats].map(([key, { sinceMs }]) => [key, monotonicMs - sinceMs]));
}
