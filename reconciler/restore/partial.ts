/** What a restore that is deleted before its end leaves behind, for people. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { formatTarget, resolveTargetRef } from "../../shared/target/ref.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import type { RestoreStatus } from "./status.ts";

/** A host whose agent had begun and not succeeded: part of its data may be restored, part old. */
const MAYBE_HALF: readonly string[] = ["Running", "Failed"];

/**
 * @param namespace of the restore
 * @returns a warning; undefined when every host that was begun has all its data
 */
export function partialWarning(status: RestoreStatus, namespace: string): string | undefined {
  if (isConditionTrue(status.conditions, ConditionType.MetricsPushed)) return undefined;
  const hosts = runTargets(status).flatMap((target) => {
    const begun = runHosts(target).filter(
      ({ phase, startedAt }) => startedAt !== undefined && MAYBE_HALF.includes(phase ?? ""),
    );
    return begun.map(({ hostname }) => `${hostname} of ${formatTarget(resolveTargetRef(target.ref, namespace))}`);
  });
  if (hosts.length === 0) return undefined;
  return `deleted in the middle: the data of ${hosts.join(", ")} may be half restored; restore again before the pods are replaced`;
}
