/** Which restores to look at again when something else than a restore changes. */

import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { targetKey } from "../../shared/target.ts";
import { onAny } from "../world/on-any.ts";
import type { World } from "../world/world.ts";
import type { RestoreObject } from "./restore-status.ts";

/**
 * Subscribes to everything besides restores that decisions about restores read.
 *
 * @returns functions that end the subscriptions
 */
export function restoresWokenBy(world: World, wake: (restore: RestoreObject) => void): readonly (() => void)[] {
  const wakeOpen = (restores: readonly RestoreObject[]): void => {
    for (const restore of restores) {
      if (!hasCondition(restore.status?.conditions, ConditionType.MetricsPushed)) wake(restore);
    }
  };
  const inNamespace = (namespace: string): void =>
    wakeOpen([...world.restoreSessions.list(namespace), ...world.restoreBatches.list(namespace)]);
  const ofTarget = (key: string): void =>
    wakeOpen([...world.restoreSessions.byIndex("target", key), ...world.restoreBatches.byIndex("target", key)]);
  const ofRepository = (key: string): void =>
    wakeOpen([...world.restoreSessions.byIndex("repository", key), ...world.restoreBatches.byIndex("repository", key)]);

  return [
    world.hostRuns.subscribe(
      onAny(({ metadata, spec }) => {
        const informer = spec.run.kind === "RestoreBatch" ? world.restoreBatches : world.restoreSessions;
        const restore = informer.get(metadata.namespace, spec.run.name);
        if (restore !== undefined && restore.kind === spec.run.kind) wakeOpen([restore]);
      }),
    ),
    world.pods.subscribe(onAny(({ namespace }) => inNamespace(namespace))),
    world.jobs.subscribe(onAny(({ namespace }) => inNamespace(namespace))),
    world.jobPods.subscribe(onAny(({ namespace }) => inNamespace(namespace))),
    world.repositories.subscribe(onAny(({ metadata }) => ofRepository(`${metadata.namespace}/${metadata.name}`))),
    ...Object.values(world.workloads).map((informer) =>
      informer.subscribe(onAny(({ facts }) => ofTarget(targetKey(facts)))),
    ),
    // A session that ends frees its targets, and is a recovery point.
    world.sessions.subscribe(
      onAny(({ metadata, status }) => {
        if (!isFinalSessionPhase(status?.phase)) return;
        inNamespace(metadata.namespace);
        const { name, namespace } = status?.repository ?? {};
        if (name !== undefined) ofRepository(`${namespace ?? metadata.namespace}/${name}`);
      }),
    ),
    world.namespaces.subscribe(onAny(({ name }) => inNamespace(name))),
    // The end of one restore is what another of the same target waits for.
    world.restoreSessions.subscribe(onAny(({ metadata }) => inNamespace(metadata.namespace))),
    world.restoreBatches.subscribe(onAny(({ metadata }) => inNamespace(metadata.namespace))),
  ];
}
