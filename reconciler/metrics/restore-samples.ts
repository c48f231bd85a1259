/** Upstream's values of restores. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { type RestoreObject, readRestoreStatus } from "../restore/status.ts";
import type { Sample } from "./gauge-table.ts";
import { samples } from "./names.ts";
import { durationSeconds, type Labels, targetLabels } from "./session-samples.ts";

/** L91: the value of a restore that succeeded is 1, and comes when its phase is final. */
export function* restoreSamples(common: Labels, restore: RestoreObject): Generator<Sample> {
  const status = readRestoreStatus(restore);
  if (!isConditionTrue(status.conditions, ConditionType.MetricsPushed)) return;
  const isGood = status.phase === "Succeeded";
  yield* samples("restoreSuccess", common, isGood ? 1 : 0);
  if (isGood) {
    yield* samples("restoreDuration", common, durationSeconds(status.sessionDuration));
    yield* samples("restoreTargets", common, status.targets?.length);
  }
  for (const target of status.targets ?? []) {
    const labels = targetLabels(common, target);
    const isRestored = target.phase === "Succeeded";
    yield* samples("restoreTargetSuccess", labels, isRestored ? 1 : 0);
    if (isRestored) yield* samples("restoreTargetHosts", labels, target.totalHosts);
    for (const host of target.stats ?? []) {
      const ofHost = { ...labels, hostname: host.hostname ?? "" };
      yield* samples("restoreHostSuccess", ofHost, host.phase === "Succeeded" ? 1 : 0);
      if (host.phase === "Succeeded") yield* samples("restoreHostDuration", ofHost, durationSeconds(host.duration));
    }
  }
}
